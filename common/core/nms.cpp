#include "common/core/nms.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "common/core/error.h"

namespace vitral {
namespace {

void check(std::span<const float> boxes, std::size_t scores, std::size_t classes) {
  if (boxes.size() == 4 * scores && scores == classes) return;
  throw Error(ErrorKind::failed, "nms",
              std::to_string(boxes.size()) + " coordinates, " + std::to_string(scores) + " scores and " +
                  std::to_string(classes) + " classes, expected 4, 1 and 1 a box");
}

/// Places of the boxes that are numbers, best first.
std::vector<std::int64_t> ranked(std::span<const float> boxes, std::span<const float> scores) {
  const auto is_nan = [](float x) { return std::isnan(x); };
  std::vector<std::int64_t> order;
  order.reserve(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const auto box = boxes.subspan(4 * i, 4);
    if (!is_nan(scores[i]) && std::none_of(box.begin(), box.end(), is_nan))
      order.push_back(static_cast<std::int64_t>(i));
  }
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
  });
  return order;
}

// By value, as vectors compute it; std::min and std::max go through references, which keeps the loop scalar.
float larger(float a, float b) {
  return a < b ? b : a;
}
float smaller(float a, float b) {
  return b < a ? b : a;
}

/// Ranked boxes of one class, coordinate by coordinate, so that the loop over them runs in vectors.
class Candidates {
 public:
  Candidates(std::span<const float> boxes, std::span<const std::int64_t> order) : gone_(order.size(), 0) {
    for (auto* side : {&left_, &top_, &right_, &bottom_, &area_}) side->reserve(order.size());
    for (const auto place : order) {
      const float* box = boxes.data() + 4 * place;
      left_.push_back(box[0]);
      top_.push_back(box[1]);
      right_.push_back(box[2]);
      bottom_.push_back(box[3]);
      area_.push_back((box[2] - box[0]) * (box[3] - box[1]));
    }
  }

  /// Calls stay(rank) for each box that stays, best first.
  template <class Stay>
  void suppress(float threshold, const Stay& stay) {
    for (std::size_t i = 0; i < gone_.size(); ++i) {
      if (gone_[i] != 0) continue;
      stay(i);
      suppress_by(i, threshold);
    }
  }

 private:
  void suppress_by(std::size_t i, float threshold) {
    const float left = left_[i], top = top_[i], right = right_[i], bottom = bottom_[i], area = area_[i];
    const float *lefts = left_.data(), *tops = top_.data(), *rights = right_.data(), *bottoms = bottom_.data();
    const float* areas = area_.data();
    std::int32_t* gone = gone_.data();
    const std::size_t count = gone_.size();
    for (std::size_t j = i + 1; j < count; ++j) {
      const float width = larger(0.0F, smaller(right, rights[j]) - larger(left, lefts[j]));
      const float height = larger(0.0F, smaller(bottom, bottoms[j]) - larger(top, tops[j]));
      const float intersection = width * height;
      const float overlap = intersection / (area + areas[j] - intersection);
      gone[j] |= overlap > threshold ? 1 : 0;
    }
  }

  std::vector<float> left_, top_, right_, bottom_, area_;
  std::vector<std::int32_t> gone_;
};

std::vector<std::int64_t> nms_of_ranked(std::span<const float> boxes, std::span<const std::int64_t> order,
                                        double iou_threshold) {
  std::vector<std::int64_t> kept;
  Candidates(boxes, order).suppress(floor_to_float(iou_threshold), [&](std::size_t rank) {
    kept.push_back(order[rank]);
  });
  return kept;
}

std::vector<std::int64_t> nms_by_class(std::span<const float> boxes, std::span<const float> scores,
                                       std::span<const std::int64_t> classes, double iou_threshold) {
  auto order = ranked(boxes, scores);
  const auto class_of = [&](std::int64_t place) { return classes[static_cast<std::size_t>(place)]; };
  auto grouped = order;
  std::stable_sort(grouped.begin(), grouped.end(),
                   [&](std::int64_t a, std::int64_t b) { return class_of(a) < class_of(b); });
  std::vector<bool> stays(scores.size(), false);
  for (auto begin = grouped.cbegin(); begin != grouped.cend();) {
    const auto end =
        std::find_if(begin, grouped.cend(), [&](std::int64_t x) { return class_of(x) != class_of(*begin); });
    for (const auto place : nms_of_ranked(boxes, {begin, end}, iou_threshold))
      stays[static_cast<std::size_t>(place)] = true;
    begin = end;
  }
  std::erase_if(order, [&](std::int64_t place) { return !stays[static_cast<std::size_t>(place)]; });
  return order;
}

/// All boxes at once, each moved along the diagonal by its class number times more than the largest coordinate.
std::vector<std::int64_t> nms_moved_apart(std::span<const float> boxes, std::span<const float> scores,
                                          std::span<const std::int64_t> classes, double iou_threshold) {
  const auto order = ranked(boxes, scores);
  if (order.empty()) return {};
  float largest = -std::numeric_limits<float>::infinity();
  for (const auto place : order) {
    const auto box = boxes.subspan(4 * static_cast<std::size_t>(place), 4);
    largest = std::max(largest, *std::max_element(box.begin(), box.end()));
  }
  std::vector<float> moved(boxes.begin(), boxes.end());
  for (std::size_t i = 0; i < moved.size(); ++i) moved[i] += static_cast<float>(classes[i / 4]) * (largest + 1.0F);
  return nms_of_ranked(moved, order, iou_threshold);
}

}  // namespace

float floor_to_float(double x) {
  const auto nearest = static_cast<float>(x);
  if (static_cast<double>(nearest) <= x) return nearest;
  return std::nextafter(nearest, -std::numeric_limits<float>::infinity());
}

std::vector<std::int64_t> nms(std::span<const float> boxes, std::span<const float> scores, double iou_threshold) {
  check(boxes, scores.size(), scores.size());
  return nms_of_ranked(boxes, ranked(boxes, scores), iou_threshold);
}

std::vector<std::int64_t> nms(std::span<const float> boxes, std::span<const float> scores,
                              std::span<const std::int64_t> classes, double iou_threshold, NmsRule rule) {
  check(boxes, scores.size(), classes.size());
  const bool moved = moves_apart(rule, scores.size());
  return (moved ? nms_moved_apart : nms_by_class)(boxes, scores, classes, iou_threshold);
}

}  // namespace vitral
