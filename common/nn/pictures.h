/// Pictures as they were decoded -> what networks take.
#pragma once

#include <ATen/core/Tensor.h>

#include "common/kernels/resize.h"

namespace vitral::nn {

/// Whether `images` are 8-bit levels [B, H, W, 3], not what networks take: floats [B, 3, H, W].
inline bool are_levels(const at::Tensor& images) {
  return images.scalar_type() == at::kByte;
}

/// pictures uint8 [B, H, W, 3], RGB -> [B, 3, H, W] of `dtype` (fp32, bf16 or fp16) on the same device:
/// (level / divisor - mean) / std of each channel, computed in fp32 with the bits and the order of
/// kernels::normalize_rgb. On a GPU
/// that is one pass of our own kernel, and the result is channels_last; without the kernel the last digit may differ.
/// Throws Error(failed) for pictures of another shape or type and for other formats.
at::Tensor normalized(const at::Tensor& pictures, const kernels::Normalization& by, at::ScalarType dtype);

/// pictures uint8 [B, H, W, 3], RGB, both sides multiples of `patch` -> [B * H / patch * W / patch, 3 * patch * patch],
/// the normalised patches in reading order, each as the weight of a convolution [dim, 3, patch, patch] lies: what a
/// patch embedding multiplies. Throws Error(failed) as `normalized` does, and for pictures not made of patches.
at::Tensor patch_rows(const at::Tensor& pictures, const kernels::Normalization& by, std::int64_t patch,
                      at::ScalarType dtype);

/// The plain twins, of LibTorch's operators.
at::Tensor patch_rows_plain(const at::Tensor& pictures, const kernels::Normalization& by, std::int64_t patch,
                            at::ScalarType dtype);
at::Tensor normalized_plain(const at::Tensor& pictures, const kernels::Normalization& by, at::ScalarType dtype);

}  // namespace vitral::nn
