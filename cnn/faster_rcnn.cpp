#include "cnn/faster_rcnn.h"

#include <algorithm>

#include "cnn/final_detections.h"

namespace vitral::cnn {

std::vector<PictureSize> picture_sizes(const PictureBatch& batch) {
  const std::int64_t count = batch.images.size(0);
  std::vector<PictureSize> sizes(static_cast<std::size_t>(count), {batch.images.size(2), batch.images.size(3)});
  if (!batch.mask.defined()) return sizes;
  for (std::int64_t i = 0; i < count; ++i) sizes[static_cast<std::size_t>(i)] = content_size(batch.mask[i]);
  return sizes;
}

void PyramidBackboneImpl::reset() {
  body = register_module("body", ResNet(options.body()));
  const auto pyramid = FeaturePyramidOptions().in(body->channels()).channels(options.rpn().channels());
  fpn = register_module("fpn", FeaturePyramid(FeaturePyramidOptions(pyramid).norm(options.pyramid_norm())));
}

void FasterRcnnImpl::reset() {
  backbone = register_module("backbone", PyramidBackbone(options));
  rpn = register_module("rpn", RegionProposal(options.rpn()));
  roi_heads = register_module("roi_heads", RoiHeads(options.roi()));
}

std::vector<Detections> FasterRcnnImpl::find(const PictureBatch& batch, const RoiThresholds& thresholds) {
  const auto sizes = picture_sizes(batch);
  const auto maps = backbone->forward(batch.images);
  const auto regions = rpn->forward(maps, {batch.images.size(2), batch.images.size(3)}, sizes);
  return roi_heads->detect(roi_heads->forward(maps, regions, sizes), regions, sizes, thresholds);
}

NamedTensors FasterRcnnImpl::forward(const PictureBatch& batch) {
  return to_tensors(find(batch, {options.roi().min_score(), options.roi().nms()}));
}

std::vector<Detections> FasterRcnnImpl::detections(const PictureBatch& batch, const NamedTensors& raw,
                                                   const DetectOptions& wanted) const {
  auto result = to_detections(raw, batch.images.size(0));
  for (auto& each : result) each = best_of(each, wanted);
  return result;
}

std::vector<Detections> FasterRcnnImpl::detect(const PictureBatch& batch, const DetectOptions& wanted) {
  const double min_score = std::min(options.roi().min_score(), wanted.min_score);
  auto result = find(batch, {min_score, wanted.nms.value_or(options.roi().nms())});
  for (auto& each : result) each = best_of(each, wanted);
  return result;
}

}  // namespace vitral::cnn
