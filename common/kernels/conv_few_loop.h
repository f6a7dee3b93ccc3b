/// Direct convolution of pictures of few channels: with interleaved channels a row of the kernel meets neighbouring
/// numbers, so a chunk's input is interleaved and padded in scratch memory and each row of the kernel is one tap.
#pragma once

#include "common/kernels/conv_loop.h"

namespace vitral::kernels {
namespace {

/// Pixels of three channels are so common that their loop is unrolled.
template <class T>
VITRAL_INLINE void interleave_row(const T* from, std::int64_t plane, std::int64_t channels, std::int64_t width, T* to) {
  if (channels == 3) {
    for (std::int64_t x = 0; x < width; ++x, to += 3) {
      to[0] = from[x];
      to[1] = from[plane + x];
      to[2] = from[2 * plane + x];
    }
    return;
  }
  for (std::int64_t x = 0; x < width; ++x) {
    for (std::int64_t channel = 0; channel < channels; ++channel) *to++ = from[channel * plane + x];
  }
}

/// Planes of one picture -> `rows` padded rows [x][channel] from input row `first` on; rows outside are zeros.
template <class T>
VITRAL_INLINE void interleave(const ConvShape& s, const FewChannelsPlan& plan, const T* planes, std::int64_t first,
                              std::int64_t rows, T* to) {
  for (std::int64_t row = 0; row < rows; ++row, to += plan.row_numbers) {
    const std::int64_t y = first + row;
    if (y < 0 || y >= s.height) {
      __builtin_memset(to, 0, static_cast<std::size_t>(plan.row_numbers) * sizeof(T));
      continue;
    }
    const std::int64_t before = s.padding * s.in_channels;
    const std::int64_t after = plan.row_numbers - before - s.width * s.in_channels;
    __builtin_memset(to, 0, static_cast<std::size_t>(before) * sizeof(T));
    __builtin_memset(to + plan.row_numbers - after, 0, static_cast<std::size_t>(after) * sizeof(T));
    interleave_row(planes + y * s.width, s.height * s.width, s.in_channels, s.width, to + before);
  }
}

/// Interleaves what a chunk reads and finds the rows of its tiles.
template <class T>
VITRAL_INLINE void prepare_few(const ConvShape& s, const FewChannelsPlan& plan, const T* planes, std::int64_t chunk,
                               T* interleaved, const float** rows) {
  const std::int64_t first_tile = plan.chunk_begin(chunk);
  const std::int64_t last_tile = plan.chunk_begin(chunk + 1);
  const std::int64_t first_row = plan.tile_begin(first_tile) / s.out_width();
  const std::int64_t last_row = (plan.tile_begin(last_tile) - 1) / s.out_width();
  interleave(s, plan, planes, first_row * s.stride - s.padding, (last_row - first_row) * s.stride + s.kernel,
             interleaved);
  for (std::int64_t tile = first_tile; tile < last_tile; ++tile, rows += plan.taps * kTilePixels) {
    const std::int64_t begin = plan.tile_begin(tile);
    const std::int64_t end = plan.tile_begin(tile + 1);
    std::int64_t x = begin % s.out_width();
    std::int64_t row = (begin / s.out_width() - first_row) * s.stride;
    for (std::int64_t i = 0; i < kTilePixels; ++i) {  // pixels that a tile lacks repeat its last one
      const T* from = interleaved + row * plan.row_numbers + x * s.stride * s.in_channels;
      for (std::int64_t tap = 0; tap < plan.taps; ++tap) {
        rows[tap * kTilePixels + i] = reinterpret_cast<const float*>(from + tap * plan.row_numbers);
      }
      if (begin + i + 1 >= end || ++x < s.out_width()) continue;
      x = 0;
      row += s.stride;
    }
  }
}

/// Tasks are chunks of pictures, for all panels.
template <class A, class T>
void conv_few_channels(const ConvArgs& args, std::int64_t begin, std::int64_t end, void* memory) {
  const ConvShape& s = args.shape;
  const FewChannelsPlan plan(s);
  auto** rows = static_cast<const float**>(memory);
  T* interleaved = reinterpret_cast<T*>(rows + plan.chunk_tiles * plan.taps * kTilePixels);
  for (std::int64_t task = begin; task < end; ++task) {
    const std::int64_t image = task / plan.chunks;
    const std::int64_t chunk = task % plan.chunks;
    const auto* planes = static_cast<const T*>(args.input) + image * s.in_channels * s.height * s.width;
    prepare_few(s, plan, planes, chunk, interleaved, rows);
    ConvArgs one = args;
    one.out = static_cast<T*>(args.out) + image * plan.pixels * s.out_channels;
    if (args.residual != nullptr) {
      one.residual = static_cast<const T*>(args.residual) + image * plan.pixels * s.out_channels;
    }
    for (std::int64_t pair = 0; pair < plan.pairs; ++pair) conv_chunk<A, T>(one, plan, chunk, pair, rows);
  }
}

/// The direct algorithm for either kind of input.
template <class A, class T>
void conv_any_direct(const ConvArgs& args, std::int64_t begin, std::int64_t end, void* memory) {
  if (args.algorithm == ConvAlgorithm::few_channels) return conv_few_channels<A, T>(args, begin, end, memory);
  conv_direct<A, T>(args, begin, end, memory);
}

}  // namespace
}  // namespace vitral::kernels
