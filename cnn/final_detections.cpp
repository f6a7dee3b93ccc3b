#include "cnn/final_detections.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>

#include <algorithm>

#include "common/core/error.h"
#include "common/nn/nms.h"

namespace vitral::cnn {
namespace {

const at::Tensor& named(const NamedTensors& tensors, const std::string& name) {
  for (const auto& [each, tensor] : tensors) {
    if (each == name) return tensor;
  }
  throw Error(ErrorKind::failed, "detections", "there is no tensor '" + name + "'");
}

}  // namespace

NamedTensors to_tensors(std::span<const Detections> pictures) {
  std::vector<at::Tensor> boxes, scores, labels, index;
  for (const auto& picture : pictures) {
    boxes.push_back(picture.boxes);
    scores.push_back(picture.scores);
    labels.push_back(picture.labels);
    const auto number = static_cast<std::int64_t>(index.size());
    index.push_back(at::full({picture.scores.size(0)}, number, picture.labels.options()));
  }
  return {{"boxes", at::cat(boxes)},
          {"scores", at::cat(scores)},
          {"labels", at::cat(labels)},
          {"image_index", at::cat(index)}};
}

std::vector<Detections> to_detections(const NamedTensors& tensors, std::int64_t count) {
  const auto& index = named(tensors, "image_index");
  std::vector<Detections> pictures;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto rows = index.eq(i).nonzero().squeeze(1);
    const auto of = [&](const char* name) { return named(tensors, name).index_select(0, rows); };
    pictures.push_back({of("boxes"), of("scores"), of("labels")});
  }
  return pictures;
}

Detections best_of(const Detections& detections, const DetectOptions& wanted) {
  const auto enough = detections.scores.ge(wanted.min_score).sum().item<std::int64_t>();
  at::Tensor kept = at::arange(enough, detections.labels.options());
  if (wanted.nms) {
    kept = nn::batched_nms(detections.boxes.narrow(0, 0, enough), detections.scores.narrow(0, 0, enough),
                           detections.labels.narrow(0, 0, enough), *wanted.nms);
  }
  kept = kept.narrow(0, 0, std::min(kept.size(0), wanted.max_detections));
  const auto of = [&kept](const at::Tensor& x) { return x.index_select(0, kept); };
  return {of(detections.boxes), of(detections.scores), of(detections.labels)};
}

namespace {

std::vector<Detections> best_of_each(std::vector<Detections> pictures, const DetectOptions& wanted) {
  for (auto& each : pictures) each = best_of(each, wanted);
  return pictures;
}

}  // namespace

NamedTensors FinalDetector::forward(const PictureBatch& batch) {
  return outputs_of(batch, compute(batch));
}

NamedTensors FinalDetector::outputs_of(const PictureBatch& batch, const NamedTensors& computed) {
  return to_tensors(find(batch, computed, thresholds()));
}

std::vector<Detections> FinalDetector::detections(const PictureBatch& batch, const NamedTensors& raw,
                                                  const DetectOptions& wanted) const {
  return best_of_each(to_detections(raw, batch.images.size(0)), wanted);
}

std::vector<Detections> FinalDetector::detect_from(const PictureBatch& batch, const NamedTensors& computed,
                                                   const DetectOptions& wanted) {
  const auto own = thresholds();
  const Thresholds least{std::min(own.min_score, wanted.min_score), wanted.nms.value_or(own.nms)};
  return best_of_each(find(batch, computed, least), wanted);
}

}  // namespace vitral::cnn
