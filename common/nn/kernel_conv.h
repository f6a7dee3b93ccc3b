/// Convolutions on the project's own kernels, where they are faster than oneDNN's.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "common/kernels/conv.h"
#include "common/nn/activation.h"

namespace vitral::nn {

struct KernelConvOptions {
  std::int64_t stride = 1, padding = 0, dilation = 1;
};

class KernelConv {
 public:
  /// Packs `weight` [out, in, k, k] and `bias` [out] (or undefined) for inputs like `x` [B, in, H, W]: its format is
  /// kept, its size chooses the algorithm. Nothing where no kernel fits or oneDNN is as fast.
  static std::optional<KernelConv> pack(const at::Tensor& weight, const at::Tensor& bias,
                                        const KernelConvOptions& options, const at::Tensor& x);

  /// x [B, in, H, W] of any size -> activation(conv(x) + bias + residual), channels_last. A residual that is
  /// channels_last, moved in and held by nobody else is overwritten.
  at::Tensor forward(const at::Tensor& x, Activation activation, at::Tensor residual) const;

 private:
  KernelConv() = default;

  kernels::ConvShape shape_;  ///< batch and size are the call's
  kernels::ConvAlgorithm algorithm_ = kernels::ConvAlgorithm::direct;
  at::Tensor weights_, bias_;
};

}  // namespace vitral::nn
