/// Activation functions by name, so that layers can fuse them.
#pragma once

#include <ATen/core/Tensor.h>

namespace vitral::nn {

enum class Activation {
  none,
  relu,
  relu6,  ///< min(max(x, 0), 6), EfficientNet-Lite
  gelu,   ///< exact: x * (1 + erf(x / sqrt 2)) / 2
  silu,   ///< x * sigmoid(x)
  tanh,
};

/// Applies `activation` elementwise; the result has the shape and dtype of `x`.
at::Tensor activate(const at::Tensor& x, Activation activation);

}  // namespace vitral::nn
