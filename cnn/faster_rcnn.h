/// Faster R-CNN (Ren et al. 2015) with a feature pyramid over a residual network: torchvision's fasterrcnn_resnet50_fpn
/// and its second version (Li et al. 2021, Benchmarking Detection Transfer Learning with Vision Transformers).
#pragma once

#include "cnn/feature_pyramid.h"
#include "cnn/final_detections.h"
#include "cnn/region_proposal.h"
#include "cnn/resnet.h"
#include "cnn/roi_heads.h"

namespace vitral::cnn {

struct FasterRcnnOptions {
  TORCH_ARG(ResNetOptions, body) = ResNetOptions().levels({1, 2, 3, 4}).num_classes(0);
  TORCH_ARG(std::optional<nn::NormOptions>, pyramid_norm);
  TORCH_ARG(RegionProposalOptions, rpn);
  TORCH_ARG(RoiHeadsOptions, roi);
};

/// Residual network and pyramid. Children `body`, `fpn`.
class PyramidBackboneImpl : public torch::nn::Cloneable<PyramidBackboneImpl> {
 public:
  explicit PyramidBackboneImpl(const FasterRcnnOptions& options_) : options(options_) { reset(); }
  void reset() override;
  /// images [B, 3, H, W] -> maps of rpn.channels at strides 4, 8, 16, 32 and 64.
  std::vector<at::Tensor> forward(const at::Tensor& images) { return fpn->forward(body->forward_maps(images)); }

  FasterRcnnOptions options;
  ResNet body = nullptr;
  FeaturePyramid fpn = nullptr;
};
TORCH_MODULE(PyramidBackbone);

/// Keys are torchvision's: `backbone.body`, `backbone.fpn`, `rpn.head`, `roi_heads.box_head`,
/// `roi_heads.box_predictor`.
class FasterRcnnImpl : public torch::nn::Cloneable<FasterRcnnImpl>, public FinalDetector {
 public:
  explicit FasterRcnnImpl(const FasterRcnnOptions& options_) : options(options_) { reset(); }
  void reset() override;

  /// The four of faster_rcnn_losses(); labels from 1 on.
  NamedTensors losses(const PictureBatch& batch, std::span<const ObjectTensors> objects, double object_count) override;
  std::int64_t first_class() const override { return 1; }
  /// The maps of the pyramid, finest first.
  NamedTensors compute(const PictureBatch& batch) override;
  torch::nn::Module& module() override { return *this; }
  std::vector<std::string> head_names() const override {
    return {"roi_heads.box_predictor.cls_score", "roi_heads.box_predictor.bbox_pred"};
  }

  FasterRcnnOptions options;
  PyramidBackbone backbone = nullptr;
  RegionProposal rpn = nullptr;
  RoiHeads roi_heads = nullptr;

 private:
  /// torchvision's: score above 0.05, NMS 0.5 by class, 100 a picture.
  Thresholds thresholds() const override { return {options.roi().min_score(), options.roi().nms()}; }
  std::vector<Detections> find(const PictureBatch& batch, const NamedTensors& computed,
                               const Thresholds& thresholds) override;
};
TORCH_MODULE(FasterRcnn);

/// {height, width} of each picture without its padding.
std::vector<PictureSize> picture_sizes(const PictureBatch& batch);

}  // namespace vitral::cnn
