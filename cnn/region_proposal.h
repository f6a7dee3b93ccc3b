/// The region proposal network (Ren et al. 2015, Faster R-CNN, section 3) over a feature pyramid, as torchvision has
/// it.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/pimpl.h>

#include <array>
#include <vector>

#include "cnn/conv_unit.h"
#include "common/nn/size_cache.h"

namespace vitral::cnn {

using PictureSize = std::array<std::int64_t, 2>;  ///< height, width in pixels

struct RegionProposalOptions {
  TORCH_ARG(std::int64_t, channels) = 256;
  TORCH_ARG(std::int64_t, depth) = 1;  ///< 3x3 convolutions before the predictions
  /// Of the anchors of each level, pixels: the side of the square one.
  TORCH_ARG(std::vector<double>, sizes) = {32, 64, 128, 256, 512};
  TORCH_ARG(std::vector<double>, ratios) = {0.5, 1.0, 2.0};  ///< height / width
  TORCH_ARG(std::int64_t, before_nms) = 1000;                ///< proposals of a level, the best ones (training: 2000)
  TORCH_ARG(std::int64_t, after_nms) = 1000;                 ///< proposals of a picture (training: 2000)
  TORCH_ARG(double, nms) = 0.7;                              ///< by level
};

/// Predictions for the anchors of all levels, finest level first, then by rows, columns and ratios.
struct AnchorPredictions {
  at::Tensor logits;                 ///< fp32 [B, A], of being an object
  at::Tensor codes;                  ///< fp32 [B, A, 4], of the box relative to the anchor
  std::vector<std::int64_t> counts;  ///< anchors of each level
};

/// Children of the head: `conv`, `cls_logits`, `bbox_pred`.
class RegionProposalHeadImpl : public torch::nn::Cloneable<RegionProposalHeadImpl> {
 public:
  explicit RegionProposalHeadImpl(const RegionProposalOptions& options_) : options(options_) { reset(); }
  void reset() override;
  AnchorPredictions forward(const std::vector<at::Tensor>& maps);

  RegionProposalOptions options;
  torch::nn::ModuleList conv = nullptr;  ///< of units: "conv.0.0.weight"
  nn::Conv2d cls_logits = nullptr, bbox_pred = nullptr;
};
TORCH_MODULE(RegionProposalHead);

/// Child `head`.
class RegionProposalImpl : public torch::nn::Cloneable<RegionProposalImpl> {
 public:
  explicit RegionProposalImpl(const RegionProposalOptions& options_) : options(options_) { reset(); }
  void reset() override;

  /// Anchors of maps of a picture of `padded` pixels: fp32 xyxy [A, 4], in the order of the predictions.
  at::Tensor anchors(const std::vector<at::Tensor>& maps, PictureSize padded);
  /// The proposals of each picture, fp32 xyxy [N, 4], best first; without gradient. sizes: of the pictures without
  /// padding.
  std::vector<at::Tensor> propose(const AnchorPredictions& predictions, const at::Tensor& anchors,
                                  const std::vector<PictureSize>& sizes) const;
  /// Both: maps -> proposals.
  std::vector<at::Tensor> forward(const std::vector<at::Tensor>& maps, PictureSize padded,
                                  const std::vector<PictureSize>& sizes);

  RegionProposalOptions options;
  RegionProposalHead head = nullptr;

 private:
  struct AnchorKey {
    std::vector<std::int64_t> sizes;
    at::Device device;
    bool operator==(const AnchorKey&) const = default;
  };
  at::Tensor make_anchors(const std::vector<at::Tensor>& maps, PictureSize padded) const;
  at::Tensor best_of_levels(const AnchorPredictions& predictions) const;
  nn::SizeCache<AnchorKey, at::Tensor> anchors_;
};
TORCH_MODULE(RegionProposal);

}  // namespace vitral::cnn
