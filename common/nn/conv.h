/// A 2-D convolution with its norm, activation and residual; plain, or folded, packed and fused.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include <optional>

#include "common/nn/activation.h"
#include "common/nn/kernel_conv.h"
#include "common/nn/norm.h"
#include "common/nn/onednn.h"
#include "common/nn/two_faces.h"

namespace vitral::nn {

struct Conv2dOptions {
  Conv2dOptions(std::int64_t in, std::int64_t out, std::int64_t kernel) : in_channels(in), out_channels(out), kernel(kernel) {}
  std::int64_t in_channels, out_channels, kernel;  ///< square kernels only
  TORCH_ARG(std::int64_t, stride) = 1;
  TORCH_ARG(std::int64_t, padding) = 0;
  TORCH_ARG(std::int64_t, dilation) = 1;
  TORCH_ARG(std::int64_t, groups) = 1;
  TORCH_ARG(bool, bias) = false;
  /// TensorFlow's "SAME": out = ceil(in / stride), the odd row and column of zeros go below and to the right.
  TORCH_ARG(bool, same) = false;
};

/// Parameters `weight` [out, in / groups, k, k] and, where asked for, `bias` [out].
class Conv2dImpl : public torch::nn::Cloneable<Conv2dImpl>, public TwoFaced {
 public:
  explicit Conv2dImpl(const Conv2dOptions& options_);
  void reset() override;
  void train(bool on = true) override;

  /// Names the norm that follows. The module that owns both registers it; in inference it is folded into the weights.
  void set_norm(std::shared_ptr<ChannelNorm> norm) { norm_.norm = std::move(norm); }

  /// x [B, C, H, W] -> activation(norm(conv(x)) + residual), [B, out, H', W']. In inference `x` may be of any floating type,
  /// the result is channels_last, and a residual that is moved in and that nobody else holds is overwritten.
  at::Tensor forward(const at::Tensor& x, Activation activation = Activation::none, at::Tensor residual = {});

  struct Folded {
    at::Tensor weight, bias;  ///< [out, in / groups, k, k], and [out] or nothing; without gradient
  };
  /// What the convolution and its norm amount to.
  Folded folded() const;

  Conv2dOptions options;
  at::Tensor weight, bias;

 private:
  struct Packed {
    std::optional<KernelConv> kernel;  ///< where it is there, the rest is not
    at::Tensor weight, bias;
    bool opaque = false;
    bool ready() const { return kernel || weight.defined(); }
  };
  /// The owner names the norm, in a clone too: an assigned convolution keeps the one that it was given.
  struct NamedNorm {
    NamedNorm() = default;
    NamedNorm(const NamedNorm&) {}
    NamedNorm& operator=(const NamedNorm&) { return *this; }
    std::shared_ptr<ChannelNorm> norm;
  };
  struct Padded {
    at::Tensor x;
    std::int64_t padding;  ///< what is still missing, on every side
  };
  void drop_packed() override { packed_ = {}; }
  void pack(const at::Tensor& x, const onednn::ConvGeometry& geometry);
  Padded pad(const at::Tensor& x) const;
  onednn::ConvGeometry geometry(std::int64_t padding) const;
  at::Tensor forward_plain(const Padded& padded, Activation activation, const at::Tensor& residual);
  at::Tensor forward_packed(const Padded& padded, Activation activation, at::Tensor residual);

  NamedNorm norm_;
  Packed packed_;
};
TORCH_MODULE(Conv2d);

/// A convolution for inference alone, of weights that several layers, or an unusual one, amount to. `geometry.bias` counts
/// as set.
Conv2d inference_conv(Conv2dOptions geometry, const Conv2dImpl::Folded& weights, const InferenceOptions& inference);

}  // namespace vitral::nn
