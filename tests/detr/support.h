/// Small detectors and batches that the tests of this folder share.
#pragma once

#include "cnn/resnet.h"
#include "detr/presets.h"
#include "tests/support/hashed.h"
#include "tests/support/tensors.h"

namespace vitral::test {

/// Eight channels and one block a stage, whatever depth is asked for.
inline std::shared_ptr<Backbone> tiny_backbone(const detr::BackboneSpec& spec) {
  return cnn::ResNet(cnn::ResNetOptions()
                         .block(spec.dilate_last ? cnn::BlockKind::bottleneck : cnn::BlockKind::basic)
                         .depths({1, 1, 1, 1})
                         .width(8)
                         .deep(spec.deep)
                         .project_first(spec.project_first)
                         .norm(spec.frozen ? nn::NormKind::frozen : nn::NormKind::batch)
                         .dilate_last(spec.dilate_last)
                         .levels(spec.levels)
                         .in_chans(spec.in_chans)
                         .num_classes(0))
      .ptr();
}

/// One convolution a level whose windows do not overlap, so that no pixel sees its neighbours: with it a masked picture
/// has to give exactly what the crop gives.
class PatchBackboneImpl : public torch::nn::Cloneable<PatchBackboneImpl>, public Backbone {
 public:
  explicit PatchBackboneImpl(std::vector<std::int64_t> levels_) : levels(std::move(levels_)) { reset(); }
  void reset() override {
    convolutions = register_module("convolutions", torch::nn::ModuleList());
    for (const std::int64_t stride : strides()) {
      convolutions->push_back(nn::Conv2d(nn::Conv2dOptions(3, 8 * stride, stride).stride(stride)));
    }
  }
  std::vector<at::Tensor> forward_maps(const at::Tensor& images) override {
    std::vector<at::Tensor> maps;
    for (const auto& each : *convolutions) maps.push_back(each->as<nn::Conv2d>()->forward(images));
    return maps;
  }
  std::vector<std::int64_t> channels() const override {
    auto result = strides();
    for (auto& each : result) each *= 8;
    return result;
  }
  std::vector<std::int64_t> strides() const override {
    std::vector<std::int64_t> result;
    for (const std::int64_t level : levels) result.push_back(std::int64_t{2} << level);
    return result;
  }
  std::shared_ptr<torch::nn::Module> module_ptr() override { return shared_from_this(); }

  std::vector<std::int64_t> levels;
  torch::nn::ModuleList convolutions = nullptr;
};
TORCH_MODULE(PatchBackbone);

inline std::shared_ptr<Backbone> patch_backbone(const detr::BackboneSpec& spec) {
  return PatchBackbone(spec.levels).ptr();
}

/// A batch of two pictures; the second one fills `height` x `width` of its [3, 96, 128].
inline PictureBatch padded_batch(std::int64_t height, std::int64_t width) {
  PictureBatch batch{hashed_pictures(2, 96, 128), at::ones({2, 96, 128}, at::kBool)};
  batch.mask[0].fill_(false);
  batch.mask[1].slice(0, 0, height).slice(1, 0, width).fill_(false);
  batch.images.mul_(batch.mask.logical_not().unsqueeze(1));  // padding is zero, as every origin makes it
  return batch;
}

/// The second picture of padded_batch by itself.
inline PictureBatch cropped(const PictureBatch& batch, std::int64_t height, std::int64_t width) {
  return {batch.images.slice(0, 1, 2).slice(2, 0, height).slice(3, 0, width).contiguous(), {}};
}

}  // namespace vitral::test
