/// Layer normalisation (Ba et al. 2016) over the last dimension, with what usually stands around it fused in: the
/// residual addition before it and the gathering of rows (Swin's patch merging).
#pragma once

#include <cstdint>

#include "common/kernels/cpu.h"
#include "common/kernels/dtype.h"

namespace vitral::kernels {

/// out = (x - mean) / sqrt(variance + eps) * weight + bias for each row; mean, variance and parameters are fp32.
///
/// The stream (`input`, `sum`) may be fp32 while `update` and `out` are 16-bit: a residual stream that keeps its
/// digits.
struct LayerNormArgs {
  DType stream = DType::f32;  ///< of input and sum: f32, or the same as dtype
  DType dtype = DType::f32;   ///< of update and out
  std::int64_t rows = 0;
  std::int64_t width = 0;  ///< C, the numbers of an output row
  const void* input = nullptr;
  std::int64_t input_stride = 0;  ///< elements from row to row; likewise below
  const void* update = nullptr;   ///< null, or what is added to the input first
  std::int64_t update_stride = 0;
  void* sum = nullptr;  ///< where input + update goes; needed with `update`, may be the input itself
  std::int64_t sum_stride = 0;
  void* out = nullptr;
  std::int64_t out_stride = 0;
  const float* weight = nullptr;  ///< [C], null: ones
  const float* bias = nullptr;    ///< [C], null: zeros
  float eps = 1e-5F;
  /// Null, or [rows, pieces]: an output row is the concatenation of these input rows, each width / pieces long; -1 is a
  /// row of zeros. Not together with `update`.
  const std::int32_t* gather = nullptr;
  std::int64_t pieces = 1;
};

constexpr std::int64_t kMaxNormPieces = 16;

/// Throws Error(failed) for sizes, pointers and formats that do not go together.
void check_layer_norm(const LayerNormArgs& args);

/// Rows [begin, end) of arguments that have been checked.
void layer_norm(const LayerNormArgs& args, std::int64_t begin, std::int64_t end,
                const CpuFeatures& cpu = this_cpu().features);

/// The plain twin: all rows, in double precision (the sum rounded to the stream's format, as it is stored).
void layer_norm_reference(const LayerNormArgs& args);

}  // namespace vitral::kernels
