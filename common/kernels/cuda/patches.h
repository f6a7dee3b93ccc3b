/// A patch embedding's input on a GPU, from pictures as they were decoded: grey levels are normalised and laid into the
/// rows of the matrix product in one pass (Dosovitskiy et al. 2021, section 3.1; the convolution as a product).
#pragma once

#include "common/kernels/cuda/launch.h"
#include "common/kernels/resize.h"

namespace vitral::kernels::cuda {

/// Pointers are the GPU's.
struct PatchesArgs {
  DType dtype = DType::f32;  ///< of out
  std::int64_t batch = 0;
  std::int64_t height = 0, width = 0;      ///< of a picture, multiples of `patch`
  std::int64_t patch = 0;                  ///< the side p of a patch, at most kMostPatchSide
  const std::uint8_t* pictures = nullptr;  ///< [batch, height, width, 3], RGB
  std::int64_t picture_stride = 0;         ///< bytes from picture to picture
  std::int64_t row_stride = 0;             ///< bytes from row to row
  Normalization normalization;             ///< of each channel, with the bits and the order of `normalize_rgb`
  /// [batch * height / p * width / p, 3 * p * p]: patches in reading order; of each its channels, rows and columns, as
  /// the weight of the convolution [dim, 3, p, p] lies.
  void* out = nullptr;
  std::int64_t out_stride = 0;  ///< elements from row to row
};

constexpr std::int64_t kMostPatchSide = 1 << 10;

/// Throws Error(failed) for sizes that do not go together and missing operands.
void patches(const PatchesArgs& args, Stream stream);

/// The same by the same arithmetic on the host, for tests.
void patches_on_host(const PatchesArgs& args);

}  // namespace vitral::kernels::cuda
