/// Masks become one additive bias before attention.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

namespace vitral::nn {

/// [n, n] fp32: 0 where row i may look at column j <= i, -inf elsewhere.
at::Tensor causal_bias(std::int64_t n, const at::Device& device = at::kCPU);

/// padding [B, M] bool, true = ignore -> [B, 1, 1, M] fp32 with -inf where ignored.
at::Tensor padding_bias(const at::Tensor& padding);

/// The padding of a map of `size` = {h, w} that stands for pictures with this padding, by the nearest pixel above and to
/// the left. padding [B, H, W] bool, true = ignore -> [B, h, w] bool.
at::Tensor shrink_padding(const at::Tensor& padding, std::array<std::int64_t, 2> size);

}  // namespace vitral::nn
