/// Masks become one additive bias before attention.
#pragma once

#include <ATen/core/Tensor.h>

namespace vitral::nn {

/// [n, n] fp32: 0 where row i may look at column j <= i, -inf elsewhere.
at::Tensor causal_bias(std::int64_t n, const at::Device& device = at::kCPU);

/// padding [B, M] bool, true = ignore -> [B, 1, 1, M] fp32 with -inf where ignored.
at::Tensor padding_bias(const at::Tensor& padding);

}  // namespace vitral::nn
