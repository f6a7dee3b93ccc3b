/// Greedy non-maximum suppression: of boxes that overlap by more than a threshold, the best one stays.
///
/// Arithmetic is fp32, operation by operation that of torchvision.ops.nms on a CPU, so the results are equal bit for
/// bit: a box goes where intersection / union with a better box that stays is above the threshold (in double
/// precision), and of equal scores the earlier box counts as the better one. Boxes without area overlap nothing, not
/// even themselves.
///
/// What is no number can be neither ranked nor measured: a box with a NaN among its coordinates or for its score never
/// stays. (torchvision ranks NaN scores first.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vitral {

/// How boxes of different classes are kept apart.
enum class NmsRule {
  exact,        ///< each class by itself
  torchvision,  ///< batched_nms of torchvision 0.26 on a CPU: up to 1,000 boxes are moved apart by class number times
                ///< the largest coordinate, which rounds them (and lets negative coordinates meet), more are done
                ///< exactly
};

/// Whether `rule` moves so many boxes apart instead of comparing their classes.
constexpr bool moves_apart(NmsRule rule, std::size_t boxes) {
  return rule == NmsRule::torchvision && boxes <= 1000;
}

/// The largest fp32 number that is not above `x`: to be above one is to be above the other, for fp32 numbers.
float floor_to_float(double x);

/// boxes: xyxy, four numbers each; scores: one a box; iou_threshold: 0 to 1.
/// -> places of the boxes that stay, best first. Throws Error(failed) where the lengths disagree.
std::vector<std::int64_t> nms(std::span<const float> boxes, std::span<const float> scores, double iou_threshold);

/// The same among boxes of one class only; classes: any number, one a box. -> all that stay, best first.
std::vector<std::int64_t> nms(std::span<const float> boxes, std::span<const float> scores,
                              std::span<const std::int64_t> classes, double iou_threshold,
                              NmsRule rule = NmsRule::exact);

}  // namespace vitral
