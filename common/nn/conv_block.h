/// A convolution, its batch norm and an activation as one module, as detectors build their necks from.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include "common/nn/conv_norm.h"

namespace vitral::nn {

/// activation(norm(conv(x)) + residual). Children `conv` and `norm`; the convolution has no bias.
class ConvBlockImpl : public torch::nn::Cloneable<ConvBlockImpl> {
 public:
  explicit ConvBlockImpl(const Conv2dOptions& options_, Activation activation_ = Activation::none)
      : options(options_), activation(activation_) {
    reset();
  }
  void reset() override { conv = register_conv_norm(*this, "conv", "norm", options, {}); }
  /// x [B, C, H, W] -> [B, out, H', W']
  at::Tensor forward(const at::Tensor& x, at::Tensor residual = {}) {
    return conv->forward(x, activation, std::move(residual));
  }

  Conv2dOptions options;
  Activation activation;
  Conv2d conv = nullptr;
};
TORCH_MODULE(ConvBlock);

}  // namespace vitral::nn
