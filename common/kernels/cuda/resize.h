/// Pillow's resize on a GPU, bit for bit: its two passes, each rounded and clamped to 8 bits; see
/// common/kernels/resize.h. Which pass comes first, and the weights, are the caller's as on the CPU (common/image).
#pragma once

#include "common/kernels/cuda/launch.h"
#include "common/kernels/resize.h"

namespace vitral::kernels::cuda {

/// ResampleWeights whose arrays were copied to where the kernel runs.
struct ResampleTable {
  std::int32_t outputs = 0;
  std::int32_t taps = 0;                  ///< weights kept for an output
  const std::int32_t* first = nullptr;    ///< [outputs]
  const std::int32_t* count = nullptr;    ///< [outputs], 1 to taps
  const std::int32_t* weights = nullptr;  ///< [outputs, taps] with kResampleBits fraction bits
};

/// The horizontal pass over `rows` rows of RGB -> rows of table.outputs pixels. All pointers are the GPU's; rows of
/// `to` need no slack, and `to` must not overlap `from`. Inputs that the table names lie inside the rows of `from`.
void resample_columns(ConstPixelRows from, int rows, const ResampleTable& table, PixelRows to, Stream stream);

/// The vertical pass: table.outputs rows of `row_bytes` bytes.
void resample_rows(ConstPixelRows from, int row_bytes, const ResampleTable& table, PixelRows to, Stream stream);

/// The same by the same arithmetic on the host, for tests.
void resample_columns_on_host(ConstPixelRows from, int rows, const ResampleTable& table, PixelRows to);
void resample_rows_on_host(ConstPixelRows from, int row_bytes, const ResampleTable& table, PixelRows to);

}  // namespace vitral::kernels::cuda
