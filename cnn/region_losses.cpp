#include "cnn/region_losses.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/randperm.h>
#include <ATen/ops/smooth_l1_loss.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>

#include "cnn/box_coder.h"

namespace vitral::cnn {
namespace {

constexpr double kBend = 1.0 / 9;  // where smooth L1 becomes a line

at::Tensor areas(const at::Tensor& boxes) {
  return (boxes.select(1, 2) - boxes.select(1, 0)) * (boxes.select(1, 3) - boxes.select(1, 1));
}

at::Tensor smooth_l1_sum(const at::Tensor& found, const at::Tensor& wanted) {
  return at::smooth_l1_loss(found, wanted, at::Reduction::Sum, kBend);
}

/// `count` of the places at random, rising.
at::Tensor choose(const at::Tensor& places, std::int64_t count, std::optional<at::Generator> generator) {
  if (count >= places.size(0)) return places;
  const auto order = at::randperm(places.size(0), std::move(generator), places.options().device(at::kCPU));
  return std::get<0>(places.index_select(0, order.narrow(0, 0, count).to(places.device())).sort());
}

/// The object of each candidate, or kBackground for all where there is none.
at::Tensor match_candidates(const at::Tensor& candidates, const Objects& objects, const MatchOptions& options) {
  if (objects.boxes.size(0) == 0) return at::full_like(candidates.select(1, 0), kBackground, at::kLong);
  return match(pairwise_iou(objects.boxes, candidates), options);
}

/// Boxes of the matched objects, the first one's for the others, which nobody looks at; zeros where there is none.
at::Tensor matched_boxes(const at::Tensor& matches, const Objects& objects) {
  if (objects.boxes.size(0) == 0) return at::zeros({matches.size(0), 4}, objects.boxes.options());
  return objects.boxes.index_select(0, matches.clamp_min(0));
}

}  // namespace

at::Tensor pairwise_iou(const at::Tensor& a, const at::Tensor& b) {
  const auto low = at::maximum(a.narrow(1, 0, 2).unsqueeze(1), b.narrow(1, 0, 2));  // [N, M, 2]
  const auto high = at::minimum(a.narrow(1, 2, 2).unsqueeze(1), b.narrow(1, 2, 2));
  const auto sides = (high - low).clamp_min(0);
  const auto intersection = sides.select(2, 0) * sides.select(2, 1);
  return intersection / (areas(a).unsqueeze(1) + areas(b) - intersection);
}

at::Tensor match(const at::Tensor& overlaps, const MatchOptions& options) {
  const auto [best, object] = overlaps.max(0);
  const auto other = at::where(best < options.low, at::full_like(object, kBackground), at::full_like(object, kBetween));
  auto result = at::where(best < options.high, other, object);
  if (options.every_object) {
    const auto is_best = overlaps.eq(std::get<0>(overlaps.max(1, /*keepdim=*/true))).any(0);
    result = at::where(is_best, object, result);
  }
  return result;
}

std::vector<Objects> objects_of(std::span<const ObjectTensors> objects) {
  std::vector<Objects> result;
  for (const auto& each : objects) result.push_back({each.boxes, each.labels});
  return result;
}

std::pair<at::Tensor, at::Tensor> sample(const at::Tensor& labels, const SampleOptions& options,
                                         std::optional<at::Generator> generator) {
  const auto positive = labels.gt(0).nonzero().squeeze(1), negative = labels.eq(0).nonzero().squeeze(1);
  const auto most = static_cast<std::int64_t>(static_cast<double>(options.count) * options.positive);
  const std::int64_t taken = std::min(positive.size(0), most);
  const auto chosen = choose(positive, taken, generator);
  return {chosen, choose(negative, options.count - taken, std::move(generator))};
}

RpnLoss rpn_loss(const AnchorPredictions& predictions, const at::Tensor& anchors, const std::vector<Objects>& objects,
                 const RegionLossOptions& options) {
  std::vector<at::Tensor> logits, wanted_logits, codes, wanted_codes;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const auto picture = static_cast<std::int64_t>(i);
    const auto matches = match_candidates(anchors, objects[i], options.rpn_match);
    const auto labels = matches.ge(0).to(at::kFloat) - matches.eq(kBetween).to(at::kFloat);  // 1, 0, -1
    const auto [positive, negative] = sample(labels, options.rpn_sample, options.generator);
    const auto sampled = at::cat({positive, negative});
    logits.push_back(predictions.logits[picture].index_select(0, sampled));
    wanted_logits.push_back(labels.index_select(0, sampled));
    codes.push_back(predictions.codes[picture].index_select(0, positive));
    wanted_codes.push_back(encode_boxes(matched_boxes(matches.index_select(0, positive), objects[i]),
                                        anchors.index_select(0, positive), kRpnWeights));
  }
  const auto all = at::cat(logits);
  return {at::binary_cross_entropy_with_logits(all, at::cat(wanted_logits)),
          smooth_l1_sum(at::cat(codes), at::cat(wanted_codes)) / static_cast<double>(all.size(0))};
}

RegionTargets select_regions(const std::vector<at::Tensor>& proposals, const std::vector<Objects>& objects,
                             const RegionLossOptions& options) {
  const at::NoGradGuard no_grad;
  RegionTargets result;
  std::vector<at::Tensor> labels, codes;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const auto candidates = at::cat({proposals[i], objects[i].boxes});
    const auto matches = match_candidates(candidates, objects[i], options.roi_match);
    auto names = at::zeros_like(matches);
    if (objects[i].boxes.size(0) > 0) {
      names = at::where(matches.ge(0), objects[i].labels.index_select(0, matches.clamp_min(0)), names);
      names = at::where(matches.eq(kBetween), at::full_like(names, -1), names);
    }
    const auto [positive, negative] = sample(names, options.roi_sample, options.generator);
    const auto sampled = std::get<0>(at::cat({positive, negative}).sort());
    result.regions.push_back(candidates.index_select(0, sampled));
    labels.push_back(names.index_select(0, sampled));
    codes.push_back(
        encode_boxes(matched_boxes(matches.index_select(0, sampled), objects[i]), result.regions.back(), kRoiWeights));
  }
  result.labels = at::cat(labels);
  result.codes = at::cat(codes);
  return result;
}

RoiLoss roi_loss(const RegionPredictions& predictions, const RegionTargets& targets) {
  const auto positive = targets.labels.gt(0).nonzero().squeeze(1);
  const auto found = predictions.codes.index({positive, targets.labels.index_select(0, positive)});  // [P, 4]
  return {at::cross_entropy_loss(predictions.logits, targets.labels),
          smooth_l1_sum(found, targets.codes.index_select(0, positive)) / static_cast<double>(targets.labels.size(0))};
}

NamedTensors faster_rcnn_losses(FasterRcnnImpl& network, const PictureBatch& batch, const std::vector<Objects>& objects,
                                const RegionLossOptions& options) {
  const PictureSize padded = {batch.images.size(2), batch.images.size(3)};
  const auto sizes = picture_sizes(batch);
  const auto maps = network.backbone->forward(batch.images);
  const auto predictions = network.rpn->head->forward(maps);
  const auto anchors = network.rpn->anchors(maps, padded);
  const auto rpn = rpn_loss(predictions, anchors, objects, options);
  const auto targets = select_regions(network.rpn->propose(predictions, anchors, sizes), objects, options);
  const auto roi = roi_loss(network.roi_heads->forward(maps, targets.regions, sizes), targets);
  return {{"loss_objectness", rpn.objectness},
          {"loss_rpn_box_reg", rpn.boxes},
          {"loss_classifier", roi.classes},
          {"loss_box_reg", roi.boxes}};
}

NamedTensors FasterRcnnImpl::losses(const PictureBatch& batch, std::span<const ObjectTensors> objects, double) {
  return faster_rcnn_losses(*this, batch, objects_of(objects));
}

}  // namespace vitral::cnn
