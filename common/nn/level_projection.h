/// A patch embedding's convolution as one product, from 8-bit levels.
#pragma once

#include <ATen/core/Tensor.h>

#include "common/nn/conv.h"

namespace vitral::nn {

/// Keeps the weights of the product. No normalised picture lies in between: the levels are normalised while they are
/// laid into the product's rows.
class LevelProjection {
 public:
  /// levels uint8 [B, H, W, 3], sides multiples of the kernel of `conv`, which is its stride too -> tokens
  /// [B, H / p * W / p, dim], row by row. Throws Error(failed) where `inference` does not say how levels are
  /// normalised.
  at::Tensor forward(const at::Tensor& levels, const Conv2dImpl& conv, const InferenceOptions& inference);
  void drop() { weight_ = bias_ = at::Tensor(); }

 private:
  at::Tensor weight_, bias_;  ///< [dim, 3 * p * p] and [dim], in the precision and on the device of the product
};

}  // namespace vitral::nn
