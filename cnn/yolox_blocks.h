/// What YOLOX (Ge et al. 2021) is built of. Names and numbers are those of Megvii's repository; every convolution is
/// followed by batch norm (eps 1e-3) and SiLU.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/pimpl.h>

#include <memory>

#include "cnn/conv_unit.h"

namespace vitral::cnn {

/// A convolution with `kernel` cells a side, zeros around. Children `conv`, `bn`.
ConvUnit yolox_conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride = 1,
                    std::int64_t groups = 1);

/// Each channel by itself, then 1x1 (MobileNet, Howard et al. 2017). Children `dconv`, `pconv`.
class SeparableConvImpl : public torch::nn::Cloneable<SeparableConvImpl>, public MapLayer {
 public:
  SeparableConvImpl(std::int64_t in_, std::int64_t out_, std::int64_t kernel_, std::int64_t stride_);
  void reset() override;
  at::Tensor forward(const at::Tensor& x) override { return pconv->forward(dconv->forward(x)); }

  std::int64_t in, out, kernel, stride;
  ConvUnit dconv = nullptr, pconv = nullptr;
};
TORCH_MODULE(SeparableConv);

/// Registers a 3x3 convolution as `owner`'s child `name`: a plain one or, where `depthwise`, a separable one.
std::shared_ptr<MapLayer> register_conv3x3(torch::nn::Module& owner, const std::string& name, std::int64_t in,
                                           std::int64_t out, std::int64_t stride, bool depthwise);

/// conv2(conv1(x)) [+ x]: 1x1, then 3x3. Children `conv1`, `conv2`.
class CspBottleneckImpl : public torch::nn::Cloneable<CspBottleneckImpl> {
 public:
  CspBottleneckImpl(std::int64_t channels_, bool shortcut_, bool depthwise_);
  void reset() override;
  /// x [B, channels, H, W] -> the same shape.
  at::Tensor forward(const at::Tensor& x);

  std::int64_t channels;
  bool shortcut, depthwise;
  ConvUnit conv1 = nullptr;
  std::shared_ptr<MapLayer> conv2;
};
TORCH_MODULE(CspBottleneck);

struct CspLayerOptions {
  std::int64_t in, out, blocks;
  bool shortcut = true, depthwise = false;
};

/// Cross stage partial layer (Wang et al. 2020): half of the channels go through the blocks, half around them. Children
/// `conv1`, `conv2`, `conv3`, `m`.
class CspLayerImpl : public torch::nn::Cloneable<CspLayerImpl> {
 public:
  explicit CspLayerImpl(const CspLayerOptions& options_) : options(options_) { reset(); }
  void reset() override;
  /// x [B, in, H, W] -> [B, out, H, W].
  at::Tensor forward(const at::Tensor& x);

  CspLayerOptions options;
  ConvUnit conv1 = nullptr, conv2 = nullptr, conv3 = nullptr;
  torch::nn::ModuleList m = nullptr;
};
TORCH_MODULE(CspLayer);

/// Spatial pyramid pooling (He et al. 2015): the map beside its maxima over 5x5, 9x9 and 13x13 cells. Children `conv1`,
/// `conv2`.
class SpatialPyramidImpl : public torch::nn::Cloneable<SpatialPyramidImpl> {
 public:
  explicit SpatialPyramidImpl(std::int64_t channels_) : channels(channels_) { reset(); }
  void reset() override;
  /// x [B, channels, H, W] -> the same shape.
  at::Tensor forward(const at::Tensor& x);

  std::int64_t channels;
  ConvUnit conv1 = nullptr, conv2 = nullptr;
};
TORCH_MODULE(SpatialPyramid);

/// The stem: each 2x2 block of pixels becomes one cell of four times the channels. In inference it is the one
/// convolution of the picture that it amounts to, over 6x6 pixels. Child `conv`.
class FocusImpl : public torch::nn::Cloneable<FocusImpl>, public nn::TwoFaced {
 public:
  explicit FocusImpl(std::int64_t out_) : out(out_) { reset(); }
  void reset() override;
  void train(bool on = true) override;
  /// images [B, 3, H, W] of even sides -> [B, out, H / 2, W / 2].
  at::Tensor forward(const at::Tensor& images);

  std::int64_t out;
  ConvUnit conv = nullptr;

 private:
  void drop_packed() override { whole_ = nullptr; }
  nn::Conv2d as_one() const;
  nn::Conv2d whole_ = nullptr;
};
TORCH_MODULE(Focus);

}  // namespace vitral::cnn
