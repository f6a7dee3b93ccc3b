#include "cnn/faster_rcnn.h"

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

NamedTensors FasterRcnnImpl::compute(const PictureBatch& batch) {
  NamedTensors levels;
  for (auto& map : backbone->forward(batch.images)) levels.emplace_back(std::to_string(levels.size()), std::move(map));
  return levels;
}

std::vector<Detections> FasterRcnnImpl::find(const PictureBatch& batch, const NamedTensors& computed,
                                             const Thresholds& thresholds) {
  const auto sizes = picture_sizes(batch);
  std::vector<at::Tensor> maps;
  for (const auto& [level, map] : computed) maps.push_back(map);
  const auto regions = rpn->forward(maps, {batch.images.size(2), batch.images.size(3)}, sizes);
  return roi_heads->detect(roi_heads->forward(maps, regions, sizes), regions, sizes, thresholds);
}

}  // namespace vitral::cnn
