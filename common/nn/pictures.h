/// Pictures as they were decoded -> what networks take.
#pragma once

#include <ATen/core/Tensor.h>

#include "common/kernels/resize.h"

namespace vitral::nn {

/// pictures uint8 [B, H, W, 3], RGB -> [B, 3, H, W] of `dtype` (fp32, bf16 or fp16) on the same device:
/// (level / divisor - mean) / std of each channel, computed in fp32 with the bits of kernels::normalize_rgb. On a GPU
/// that is one pass of our own kernel, and the result is channels_last; without the kernel the last digit may differ.
/// Throws Error(failed) for pictures of another shape or type and for other formats.
at::Tensor normalized(const at::Tensor& pictures, const kernels::Normalization& by, at::ScalarType dtype);

/// The plain twin, of LibTorch's operators.
at::Tensor normalized_plain(const at::Tensor& pictures, const kernels::Normalization& by, at::ScalarType dtype);

}  // namespace vitral::nn
