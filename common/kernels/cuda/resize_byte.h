/// One byte of one pass of a resize.
#pragma once

#include "common/kernels/cuda/resize.h"
#include "common/kernels/resize_sum.h"

namespace vitral::kernels::cuda {
namespace {

/// Neighbouring places are bytes of one row.
struct ResampleColumnsByte {
  ConstPixelRows from;
  std::int64_t rows;
  ResampleTable table;
  PixelRows to;

  VITRAL_INLINE std::int64_t row_bytes() const { return std::int64_t{3} * table.outputs; }
  VITRAL_INLINE std::int64_t count() const { return rows > 0 ? rows * row_bytes() : 0; }

  VITRAL_INLINE void operator()(std::int64_t place) const {
    const auto y = static_cast<std::size_t>(place / row_bytes());
    const auto byte = static_cast<std::int32_t>(place % row_bytes()), x = byte / 3, channel = byte % 3;
    const std::uint8_t* first = from.data + y * from.stride + std::int64_t{3} * table.first[x] + channel;
    to.data[y * to.stride + static_cast<std::size_t>(byte)] =
        weighted_byte(first, 3, table.weights + std::int64_t{x} * table.taps, table.count[x]);
  }
};

struct ResampleRowsByte {
  ConstPixelRows from;
  std::int64_t row_bytes;
  ResampleTable table;
  PixelRows to;

  VITRAL_INLINE std::int64_t count() const { return row_bytes > 0 ? row_bytes * table.outputs : 0; }

  VITRAL_INLINE void operator()(std::int64_t place) const {
    const std::int64_t y = place / row_bytes;
    const auto byte = static_cast<std::size_t>(place % row_bytes);
    const std::uint8_t* first = from.data + static_cast<std::size_t>(table.first[y]) * from.stride + byte;
    to.data[static_cast<std::size_t>(y) * to.stride + byte] =
        weighted_byte(first, from.stride, table.weights + y * table.taps, table.count[y]);
  }
};

}  // namespace
}  // namespace vitral::kernels::cuda
