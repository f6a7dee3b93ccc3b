/// What stands behind a product on a GPU, in one pass of our own kernel.
#pragma once

#include <ATen/core/Tensor.h>

#include "common/kernels/cuda/activation.h"
#include "common/nn/activation.h"

namespace vitral::nn {

/// y = activation(y + bias + residual), in place.
struct Tail {
  at::Tensor y;         ///< [rows, C], contiguous; fp32, bf16 or fp16
  at::Tensor bias;      ///< [C] of the same type, or undefined
  at::Tensor residual;  ///< as y, or undefined
  Activation activation = Activation::none;
};

/// Whether our kernel does it: `y` lies on a GPU with kernels, and the activation is one of its own.
bool tail_usable(const at::Tensor& y, Activation activation);

/// Queues the kernel.
void run_tail(const Tail& tail);

/// What the kernel is told; the tensors may lie anywhere. Throws Error(failed) for those that do not go together.
kernels::cuda::BiasActivationArgs tail_args(const Tail& tail);

/// activation(x weight^T + bias + residual) on a GPU, without gradients: one product and at most one pass behind it
/// where our kernel does the tail, else LibTorch's operators. x [..., in], weight [out, in], bias [out] or undefined,
/// residual like the result or undefined, all of one type.
at::Tensor linear_on_gpu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, Activation activation,
                         const at::Tensor& residual);

/// [B, C, H, W] of any layout -> the same numbers as rows [B * H * W, C], without a copy where it is channels_last.
at::Tensor pixel_rows(const at::Tensor& maps);

}  // namespace vitral::nn
