/// Pillow's resize where a picture lies, bit for bit (common/kernels/resample_plan.h).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "common/kernels/resample_plan.h"

namespace vitral::nn {

/// One direction of a resize, its weights a tensor.
struct ResizeAxis {
  std::int64_t first = 0, extent = 0;  ///< the inputs that it takes
  std::int64_t outputs = 0, taps = 0;
  at::Tensor
      table;  ///< int32 [outputs * (2 + taps)]: first inputs, counts, weights; undefined: the inputs are the outputs
};

/// An axis with its table on the CPU.
ResizeAxis resize_axis(const kernels::ResampleAxis& axis);

/// levels uint8 [H, W, 3] -> [rows.outputs, columns.outputs, 3] on the same device, where the tables have to be. By our
/// own kernels; throws Error(failed) where there are none for the device, and for levels that the axes leave.
at::Tensor resized(const at::Tensor& levels, const ResizeAxis& columns, const ResizeAxis& rows, bool rows_first);

/// The plain twin, of the CPU's kernels; all on the CPU.
at::Tensor resized_plain(const at::Tensor& levels, const ResizeAxis& columns, const ResizeAxis& rows, bool rows_first);

}  // namespace vitral::nn
