/// What is in the proposed regions (Girshick 2015, Fast R-CNN), as torchvision has it: RoIAlign over the levels of a
/// feature pyramid, a head, classes with a background and a box for each class.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include <array>
#include <vector>

#include "cnn/conv_unit.h"
#include "cnn/final_detections.h"
#include "cnn/region_proposal.h"
#include "common/nn/linear.h"

namespace vitral::cnn {

struct RoiHeadsOptions {
  TORCH_ARG(std::int64_t, channels) = 256;    ///< of the pyramid
  TORCH_ARG(std::int64_t, convolutions) = 0;  ///< 3x3 with batch norm and ReLU before the linear layers (v2: 4)
  TORCH_ARG(std::int64_t, hidden) = 1024;     ///< of the linear layers: one behind convolutions, else two
  TORCH_ARG(std::int64_t, bins) = 7;          ///< of a region, each direction
  TORCH_ARG(std::int64_t, sampling) = 2;      ///< samples a bin and direction
  TORCH_ARG(std::int64_t, num_classes) = 91;  ///< 0 is the background
  TORCH_ARG(double, min_score) = 0.05;
  TORCH_ARG(double, nms) = 0.5;         ///< by class
  TORCH_ARG(std::int64_t, most) = 100;  ///< detections of a picture
};

/// Regions to vectors. Children: without convolutions `fc6`, `fc7`; with them "0" ... and, after the place of a
/// flattening, one linear layer ("5" behind four).
class RoiBoxHeadImpl : public torch::nn::Cloneable<RoiBoxHeadImpl> {
 public:
  explicit RoiBoxHeadImpl(const RoiHeadsOptions& options_) : options(options_) { reset(); }
  void reset() override;
  /// x [R, channels, bins, bins] -> [R, hidden].
  at::Tensor forward(at::Tensor x);

  RoiHeadsOptions options;
  std::vector<ConvUnit> convolutions;
  std::vector<nn::Linear> linears;
};
TORCH_MODULE(RoiBoxHead);

/// Children `cls_score`, `bbox_pred`.
class RoiPredictorImpl : public torch::nn::Cloneable<RoiPredictorImpl> {
 public:
  explicit RoiPredictorImpl(const RoiHeadsOptions& options_) : options(options_) { reset(); }
  void reset() override;

  RoiHeadsOptions options;
  nn::Linear cls_score = nullptr, bbox_pred = nullptr;
};
TORCH_MODULE(RoiPredictor);

struct RegionPredictions {
  at::Tensor logits;  ///< fp32 [R, K]
  at::Tensor codes;   ///< fp32 [R, K, 4], of each class's box relative to the region
};

/// Children `box_head`, `box_predictor`.
class RoiHeadsImpl : public torch::nn::Cloneable<RoiHeadsImpl> {
 public:
  explicit RoiHeadsImpl(const RoiHeadsOptions& options_) : options(options_) { reset(); }
  void reset() override;

  /// maps of the pyramid (the last, pooled one is not looked at), regions of each picture [N, 4] in pixels ->
  /// predictions for all regions, picture after picture. sizes: of the pictures without padding.
  RegionPredictions forward(const std::vector<at::Tensor>& maps, const std::vector<at::Tensor>& regions,
                            const std::vector<PictureSize>& sizes);
  /// [R, channels, bins, bins]: each region from the level that its size asks for (Feature Pyramid Networks, equation
  /// 1).
  at::Tensor pool(const std::vector<at::Tensor>& maps, const std::vector<at::Tensor>& regions,
                  const std::vector<PictureSize>& sizes) const;
  /// The final detections of each picture, best first, on the CPU.
  std::vector<Detections> detect(const RegionPredictions& predictions, const std::vector<at::Tensor>& regions,
                                 const std::vector<PictureSize>& sizes, const Thresholds& thresholds) const;

  RoiHeadsOptions options;
  RoiBoxHead box_head = nullptr;
  RoiPredictor box_predictor = nullptr;

 private:
  Detections detect_one(const at::Tensor& scores, const at::Tensor& codes, const at::Tensor& regions, PictureSize size,
                        const Thresholds& thresholds) const;
};
TORCH_MODULE(RoiHeads);

}  // namespace vitral::cnn
