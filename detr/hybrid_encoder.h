/// RT-DETR's encoder (Zhao et al. 2024, DETRs Beat YOLOs on Real-time Object Detection, section 4.2): attention within
/// the coarsest map only, then convolutions that carry its result down to the finer maps and back up.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/pimpl.h>

#include "common/nn/conv_block.h"
#include "common/nn/per_size.h"
#include "common/nn/transformer.h"

namespace vitral::detr {

/// silu(3x3(x) + 1x1(x)), each convolution with its norm (Ding et al. 2021, RepVGG). In inference both are one 3x3
/// convolution. Children `conv1` and `conv2`.
class RepBlockImpl : public torch::nn::Cloneable<RepBlockImpl>, public nn::TwoFaced {
 public:
  explicit RepBlockImpl(std::int64_t channels_) : channels(channels_) { reset(); }
  void reset() override;
  void train(bool on = true) override;
  /// x [B, C, H, W] -> the same shape.
  at::Tensor forward(const at::Tensor& x);

  std::int64_t channels;
  nn::ConvBlock conv1 = nullptr, conv2 = nullptr;

 private:
  void drop_packed() override { fused_ = nullptr; }
  nn::Conv2d fuse() const;
  nn::Conv2d fused_ = nullptr;
};
TORCH_MODULE(RepBlock);

/// A cross-stage partial block: three RepBlocks beside a plain way, both narrowed before and summed after.
/// Children `conv1`, `conv2`, `bottlenecks`, and `conv3` where the width inside is another.
class CspRepBlockImpl : public torch::nn::Cloneable<CspRepBlockImpl> {
 public:
  /// `expansion`: channels inside, as a share of `out`.
  CspRepBlockImpl(std::int64_t in_, std::int64_t out_, double expansion_);
  void reset() override;
  /// x [B, in, H, W] -> [B, out, H, W]
  at::Tensor forward(const at::Tensor& x);

  std::int64_t in, out;
  double expansion;
  nn::ConvBlock conv1 = nullptr, conv2 = nullptr, conv3 = nullptr;
  torch::nn::ModuleList bottlenecks = nullptr;
};
TORCH_MODULE(CspRepBlock);

struct HybridEncoderOptions {
  TORCH_ARG(std::vector<std::int64_t>, in_channels);  ///< of the backbone's maps, finest first
  TORCH_ARG(std::int64_t, dim) = 256;
  TORCH_ARG(std::int64_t, heads) = 8;
  TORCH_ARG(std::int64_t, hidden) = 1024;
  TORCH_ARG(double, expansion) = 1.0;  ///< of the CSP blocks
  TORCH_ARG(double, dropout) = 0.0;
};

/// Children `input_proj`, `aifi`, `lateral_convs`, `fpn_blocks`, `downsample_convs`, `pan_blocks`.
class HybridEncoderImpl : public torch::nn::Cloneable<HybridEncoderImpl> {
 public:
  explicit HybridEncoderImpl(const HybridEncoderOptions& options_);
  void reset() override;
  /// One map a level, finest first -> as many, each with `dim` channels.
  std::vector<at::Tensor> forward(const std::vector<at::Tensor>& maps);

  HybridEncoderOptions options;
  torch::nn::ModuleList input_proj = nullptr, lateral_convs = nullptr, fpn_blocks = nullptr, downsample_convs = nullptr,
                        pan_blocks = nullptr;
  nn::TransformerEncoder aifi = nullptr;

 private:
  at::Tensor attend_within(const at::Tensor& map);
  std::vector<at::Tensor> top_down(std::vector<at::Tensor> maps);
  std::vector<at::Tensor> bottom_up(std::vector<at::Tensor> maps);
  nn::PerSize<at::Tensor> positions_;
};
TORCH_MODULE(HybridEncoder);

}  // namespace vitral::detr
