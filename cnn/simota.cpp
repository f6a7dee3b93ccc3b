#include "cnn/simota.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>

namespace vitral::cnn {
namespace {

constexpr double kRadius = 1.5;   // cells around an object's centre
constexpr double kBoxWeight = 3;  // in the cost of a pair
constexpr double kOutside = 1e6;  // cost of an anchor that is near another object's centre only
constexpr std::int64_t kOverlaps = 10;
constexpr double kIouWeight = 5;  // in the loss

/// Centre and size from xyxy, [G, 4].
at::Tensor centred(const at::Tensor& boxes) {
  const auto low = boxes.narrow(1, 0, 2), high = boxes.narrow(1, 2, 2);
  return at::cat({(low + high) / 2, high - low}, 1);
}

/// Intersection over union of boxes by centre and size; [..., 4] each, broadcast. `least` keeps the union from zero.
at::Tensor overlap(const at::Tensor& a, const at::Tensor& b, double least) {
  const auto side = [](const at::Tensor& box, double sign) {
    return box.narrow(-1, 0, 2) + sign * box.narrow(-1, 2, 2) / 2;
  };
  const auto low = at::maximum(side(a, -1), side(b, -1)), high = at::minimum(side(a, 1), side(b, 1));
  const auto meets = (low < high).all(-1).to(at::kFloat);
  const auto intersection = (high - low).prod(-1) * meets;
  return intersection / (a.narrow(-1, 2, 2).prod(-1) + b.narrow(-1, 2, 2).prod(-1) - intersection + least);
}

/// bool [G, A]: is the anchor's centre near the object's?
at::Tensor near_centre(const YoloxGrid& grid, const at::Tensor& boxes) {
  const auto centres = (grid.cells + 0.5) * grid.strides;  // [A, 2]
  const auto distance = (boxes.narrow(1, 0, 2).unsqueeze(1) - centres).abs();
  return (distance < grid.strides * kRadius).all(2);
}

/// [G, A]: binary cross-entropy of each anchor's probabilities, were it the object's.
at::Tensor class_cost(const AnchorOutputs& outputs, const at::Tensor& labels) {
  const auto p = (outputs.classes.sigmoid() * outputs.objectness.sigmoid().unsqueeze(1)).sqrt();  // [A, K]
  const auto yes = p.log().clamp_min(-100), no = (1 - p).log().clamp_min(-100);
  return (no - yes).t().index_select(0, labels) - no.sum(1);
}

/// bool [G, A]: the cheapest candidates of each object.
at::Tensor cheapest(const at::Tensor& cost, const at::Tensor& overlaps) {
  const std::int64_t most = std::min(kOverlaps, overlaps.size(1));
  const auto counts = std::get<0>(overlaps.topk(most, 1)).sum(1).to(at::kInt).clamp_min(1);  // [G]
  const auto places = std::get<1>(cost.topk(most, 1, /*largest=*/false));                    // [G, most], rising cost
  const auto wanted = at::arange(most, counts.options()) < counts.unsqueeze(1);
  return at::zeros_like(cost, at::kBool).scatter(1, places, wanted);
}

struct Sums {
  at::Tensor iou, objectness, classes, l1;
};

/// The losses of one picture, not yet divided. boxes_raw [A, 4]: as they leave the convolution.
Sums picture_losses(const AnchorOutputs& outputs, const at::Tensor& boxes_raw, const YoloxGrid& grid,
                    const Objects& objects, const AnchorMatches& matches, const YoloxLossOptions& options) {
  const auto entropy = [](const at::Tensor& logits, const at::Tensor& wanted) {
    return at::binary_cross_entropy_with_logits(logits, wanted, {}, {}, at::Reduction::Sum);
  };
  const auto& at_anchor = matches.anchors;
  const auto wanted_boxes = centred(objects.boxes.to(at::kFloat)).index_select(0, matches.objects);
  const auto iou = overlap(outputs.boxes.index_select(0, at_anchor), wanted_boxes, 1e-16);
  const auto is_object = at::zeros_like(outputs.objectness).index_fill(0, at_anchor, 1.0);
  const auto names = at::one_hot(objects.labels.index_select(0, matches.objects), outputs.classes.size(1));
  Sums sums;
  sums.iou = (1 - iou.square()).sum();
  sums.objectness = entropy(outputs.objectness, is_object);
  sums.classes = entropy(outputs.classes.index_select(0, at_anchor), names * matches.overlaps.unsqueeze(1));
  sums.l1 = at::zeros({}, outputs.boxes.options());
  if (options.l1) {
    const auto cells = wanted_boxes / grid.strides.index_select(0, at_anchor);
    const auto wanted = at::cat(
        {cells.narrow(1, 0, 2) - grid.cells.index_select(0, at_anchor), (cells.narrow(1, 2, 2) + 1e-8).log()}, 1);
    sums.l1 = (boxes_raw.index_select(0, at_anchor) - wanted).abs().sum();
  }
  return sums;
}

}  // namespace

AnchorMatches simota(const AnchorOutputs& outputs, const YoloxGrid& grid, const Objects& objects) {
  const at::NoGradGuard no_grad;
  const auto none = at::empty({0}, objects.labels.options());
  const AnchorMatches nothing{none, none, at::empty({0}, outputs.boxes.options())};
  if (objects.boxes.size(0) == 0) return nothing;
  const auto boxes = centred(objects.boxes.to(at::kFloat));
  const auto is_near = near_centre(grid, boxes);  // [G, A]
  const auto candidates = is_near.any(0).nonzero().squeeze(1);
  if (candidates.size(0) == 0) return nothing;
  const auto of = [&candidates](const at::Tensor& x) { return x.index_select(0, candidates); };
  const AnchorOutputs near_ones{of(outputs.boxes), of(outputs.objectness), of(outputs.classes)};
  const auto overlaps = overlap(boxes.unsqueeze(1), near_ones.boxes, 0);  // [G, C]
  const auto cost = class_cost(near_ones, objects.labels) - kBoxWeight * (overlaps + 1e-8).log() +
                    kOutside * is_near.index_select(1, candidates).logical_not().to(at::kFloat);
  auto chosen = cheapest(cost, overlaps);
  // An anchor that several objects want goes to the cheapest of all, whether that one wants it or not.
  const auto contested = chosen.sum(0).gt(1);
  const auto cheapest_object = cost.argmin(0);
  const auto object = at::where(contested, cheapest_object, chosen.to(at::kByte).argmax(0));  // [C]
  const auto positive = chosen.any(0).nonzero().squeeze(1);
  const auto objects_of = object.index_select(0, positive);
  return {of(at::arange(outputs.boxes.size(0), objects.labels.options())).index_select(0, positive), objects_of,
          overlaps.index({objects_of, positive})};
}

NamedTensors yolox_losses(YoloxImpl& network, const YoloxMaps& raw, const std::vector<Objects>& objects,
                          const YoloxLossOptions& options) {
  const auto all = flatten(raw);  // [B, A, 5 + K]
  const auto grid = network.grid(raw);
  const auto boxes = network.place(all.narrow(2, 0, 4), *grid);
  Sums total;
  std::int64_t positives = 0;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const auto picture = all[static_cast<std::int64_t>(i)];
    const AnchorOutputs outputs{boxes[static_cast<std::int64_t>(i)], picture.select(1, 4),
                                picture.narrow(1, 5, picture.size(1) - 5)};
    const auto matches = simota(outputs, *grid, objects[i]);
    positives += matches.anchors.size(0);
    const auto sums = picture_losses(outputs, picture.narrow(1, 0, 4), *grid, objects[i], matches, options);
    const auto add = [i](at::Tensor& to, const at::Tensor& x) { to = i == 0 ? x : to + x; };
    add(total.iou, sums.iou);
    add(total.objectness, sums.objectness);
    add(total.classes, sums.classes);
    add(total.l1, sums.l1);
  }
  const auto by = static_cast<double>(std::max<std::int64_t>(positives, 1));
  return {{"iou_loss", kIouWeight * total.iou / by},
          {"conf_loss", total.objectness / by},
          {"cls_loss", total.classes / by},
          {"l1_loss", total.l1 / by}};
}

NamedTensors YoloxImpl::losses(const PictureBatch& batch, std::span<const ObjectTensors> objects, double) {
  return yolox_losses(*this, forward_head(batch.images), objects_of(objects));
}

}  // namespace vitral::cnn
