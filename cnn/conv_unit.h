/// A convolution with its norm and activation as one module, as torchvision's Conv2dNormActivation and Megvii's
/// BaseConv register it.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include <optional>
#include <string>

#include "common/nn/conv_norm.h"

namespace vitral::cnn {

struct ConvUnitOptions {
  explicit ConvUnitOptions(const nn::Conv2dOptions& conv_) : conv(conv_) {}
  nn::Conv2dOptions conv;
  TORCH_ARG(std::optional<nn::NormOptions>, norm);
  TORCH_ARG(nn::Activation, activation) = nn::Activation::none;
  TORCH_ARG(std::string, conv_name) = "0";
  TORCH_ARG(std::string, norm_name) = "1";
};

/// What takes a map and gives a map, whatever is inside.
class MapLayer {
 public:
  virtual ~MapLayer() = default;
  /// x [B, in, H, W] -> [B, out, H / stride, W / stride], rounded up.
  virtual at::Tensor forward(const at::Tensor& x) = 0;
};

class ConvUnitImpl : public torch::nn::Cloneable<ConvUnitImpl>, public MapLayer {
 public:
  explicit ConvUnitImpl(const ConvUnitOptions& options_) : options(options_) { reset(); }
  void reset() override;
  at::Tensor forward(const at::Tensor& x) override { return conv->forward(x, options.activation()); }
  /// activation(norm(conv(x)) + residual); a residual moved in may be overwritten.
  at::Tensor forward(const at::Tensor& x, at::Tensor residual) {
    return conv->forward(x, options.activation(), std::move(residual));
  }

  ConvUnitOptions options;
  nn::Conv2d conv = nullptr;
};
TORCH_MODULE(ConvUnit);

}  // namespace vitral::cnn
