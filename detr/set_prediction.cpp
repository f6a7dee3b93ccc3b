#include "detr/set_prediction.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/max.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/topk.h>

#include <algorithm>

#include "common/core/error.h"
#include "common/core/nms.h"

namespace vitral::detr {
namespace {

/// cxcywh, 0 to 1 -> xyxy in pixels of a picture of `size` = {height, width}. boxes [N, 4].
at::Tensor to_pixels(const at::Tensor& boxes, std::array<std::int64_t, 2> size) {
  const auto center = boxes.slice(1, 0, 2), half = boxes.slice(1, 2, 4) / 2;
  const auto scale = at::tensor({size[1], size[0]}, boxes.options());  // [2]: x, y
  return at::stack({(center - half) * scale, (center + half) * scale}, 1).flatten(1);
}

/// Size of picture `i` of the batch without its padding.
std::array<std::int64_t, 2> size_of(const PictureBatch& batch, std::int64_t i) {
  if (batch.mask.defined()) return content_size(batch.mask[i]);
  return {batch.images.size(2), batch.images.size(3)};
}

Detections pick(const Detections& from, const at::Tensor& places) {
  return {from.boxes.index_select(0, places), from.scores.index_select(0, places), from.labels.index_select(0, places),
          from.queries.index_select(0, places)};
}

/// Without those that a better one of their class hides.
Detections suppress(const Detections& all, double iou_threshold) {
  const auto boxes = all.boxes.cpu().contiguous(), scores = all.scores.cpu().contiguous();
  const auto labels = all.labels.cpu().contiguous();
  const auto count = static_cast<std::size_t>(scores.size(0));
  const auto kept = nms({boxes.const_data_ptr<float>(), 4 * count}, {scores.const_data_ptr<float>(), count},
                        {labels.const_data_ptr<std::int64_t>(), count}, iou_threshold);
  return pick(all, at::tensor(kept, at::kLong).to(all.boxes.device()));
}

/// The candidates that `options` let through, best first; among equals the first one comes first.
Detections choose(Detections candidates, const DetectOptions& options) {
  if (options.nms) candidates = suppress(candidates, *options.nms);
  const auto order = candidates.scores.argsort(/*stable=*/true, /*dim=*/0, /*descending=*/true);
  const auto good = candidates.scores.index_select(0, order).ge(options.min_score);
  const auto count = std::min(good.sum().item<std::int64_t>(), options.max_detections);
  const auto chosen = order.slice(0, 0, count);
  return pick(candidates, chosen);
}

}  // namespace

NamedTensors named(const SetPrediction& prediction) {
  return {{"logits", prediction.logits}, {"boxes", prediction.boxes}};
}

SetPrediction prediction_of(const NamedTensors& raw) {
  SetPrediction result;
  for (const auto& [name, tensor] : raw) {
    if (name == "logits") result.logits = tensor.to(at::kFloat);
    if (name == "boxes") result.boxes = tensor.to(at::kFloat);
  }
  if (!result.logits.defined() || !result.boxes.defined()) {
    throw Error(ErrorKind::failed, "raw outputs", "have no tensors 'logits' and 'boxes'");
  }
  return result;
}

std::vector<Detections> softmax_detections(const PictureBatch& batch, const SetPrediction& prediction,
                                           const DetectOptions& options) {
  const at::NoGradGuard no_grad;
  const auto probabilities = at::softmax(prediction.logits, -1).slice(-1, 0, -1);  // without "no object"
  const auto [scores, labels] = at::max(probabilities, -1);                        // [B, Q] each
  std::vector<Detections> results;
  for (std::int64_t i = 0; i < scores.size(0); ++i) {
    const auto queries = at::arange(scores.size(1), labels.options());
    results.push_back(choose({to_pixels(prediction.boxes[i], size_of(batch, i)), scores[i], labels[i], queries}, options));
  }
  return results;
}

std::vector<Detections> sigmoid_detections(const PictureBatch& batch, const SetPrediction& prediction,
                                           const DetectOptions& options, std::int64_t most) {
  const at::NoGradGuard no_grad;
  const auto classes = prediction.logits.size(2);
  const auto pairs = at::sigmoid(prediction.logits).flatten(1);  // [B, Q * K]
  const auto [scores, places] = at::topk(pairs, std::min(most, pairs.size(1)), 1);
  std::vector<Detections> results;
  for (std::int64_t i = 0; i < scores.size(0); ++i) {
    const auto queries = places[i].div(classes, "floor");
    const auto boxes = prediction.boxes[i].index_select(0, queries);
    const auto labels = places[i].remainder(classes);
    results.push_back(choose({to_pixels(boxes, size_of(batch, i)), scores[i], labels, queries}, options));
  }
  return results;
}

}  // namespace vitral::detr
