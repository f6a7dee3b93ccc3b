/// Direct convolution: for each chunk of output pixels all panels of weights pass by, tile after tile.
#pragma once

#include "common/kernels/conv_tile.h"

namespace vitral::kernels {
namespace {

/// Scratch memory of one thread.
struct ConvScratch {
  VITRAL_INLINE ConvScratch(const ConvPlan& plan, void* memory)
      : zeros(static_cast<float*>(memory)),
        copy(zeros + plan.zero_words()),
        rows(reinterpret_cast<const float**>(copy + plan.copy_words())) {}

  float* zeros;        ///< [units]: a pixel of the padding
  float* copy;         ///< [copy_pixels][copy_stride]
  const float** rows;  ///< [tiles of a chunk][taps][kTilePixels]
};

/// The pointers of one output pixel, whose first tap lies at input row `top` and column `left` of a picture.
VITRAL_INLINE void find_taps(const ConvShape& s, const ConvPlan& plan, const float* picture, std::int64_t top,
                             std::int64_t left, const float* zeros, const float** rows) {
  const std::int64_t reach = (s.kernel - 1) * s.dilation;
  const bool inside = top >= 0 && left >= 0 && top + reach < s.height && left + reach < s.width;
  const std::int64_t right = s.dilation * plan.units, down = s.dilation * s.width * plan.units;
  const float* const* const end = rows + plan.taps * kTilePixels;
  if (inside) {
    const float* row = picture + (top * s.width + left) * plan.units;
    for (; rows < end; row += down) {
      const float* tap = row;
      for (std::int64_t kx = 0; kx < s.kernel; ++kx, tap += right, rows += kTilePixels) *rows = tap;
    }
    return;
  }
  for (std::int64_t ky = 0; ky < s.kernel; ++ky) {
    const std::int64_t y = top + ky * s.dilation;
    for (std::int64_t kx = 0; kx < s.kernel; ++kx, rows += kTilePixels) {
      const std::int64_t x = left + kx * s.dilation;
      const bool exists = y >= 0 && y < s.height && x >= 0 && x < s.width;
      *rows = exists ? picture + (y * s.width + x) * plan.units : zeros;
    }
  }
}

/// The pointers of one tile.
VITRAL_INLINE void find_rows(const ConvArgs& args, const ConvPlan& plan, std::int64_t tile, const float* zeros,
                             const float** rows) {
  const ConvShape& s = args.shape;
  const std::int64_t out_width = s.out_width();
  const std::int64_t out_height = s.out_height();
  const auto* input = static_cast<const float*>(args.input);  // in units
  const std::int64_t begin = plan.tile_begin(tile);
  const std::int64_t end = plan.tile_begin(tile + 1);
  std::int64_t x = begin % out_width;
  std::int64_t y = begin / out_width % out_height;
  std::int64_t image = begin / out_width / out_height;
  for (std::int64_t pixel = 0; pixel < end - begin; ++pixel) {
    const float* picture = input + image * s.height * s.width * plan.units;
    find_taps(s, plan, picture, y * s.stride - s.padding, x * s.stride - s.padding, zeros, rows + pixel);
    if (++x < out_width) continue;
    x = 0;
    if (++y < out_height) continue;
    y = 0;
    ++image;
  }
  for (std::int64_t pixel = end - begin; pixel < kTilePixels; ++pixel) {
    for (std::int64_t tap = 0; tap < plan.taps; ++tap) {
      rows[tap * kTilePixels + pixel] = rows[tap * kTilePixels + pixel - 1];
    }
  }
}

/// Moves a chunk's input to where its pixels do not alias, and the pointers with it.
VITRAL_INLINE void copy_rows(const ConvArgs& args, const ConvPlan& plan, std::int64_t tiles,
                             const ConvScratch& scratch) {
  const auto* input = static_cast<const float*>(args.input);
  const auto copy = [&](std::int64_t slot, const float* pixel) {
    float* to = scratch.copy + slot * plan.copy_stride();
    __builtin_memcpy(to, pixel, static_cast<std::size_t>(plan.units) * 4);
    return to;
  };
  const std::int64_t rows = tiles * plan.taps * kTilePixels;
  if (plan.taps == 1) {
    for (std::int64_t row = 0; row < rows; ++row) scratch.rows[row] = copy(row, scratch.rows[row]);
    return;
  }
  for (std::int64_t pixel = 0; pixel < plan.copy_pixels; ++pixel) copy(pixel, input + pixel * plan.units);
  for (std::int64_t row = 0; row < rows; ++row) {
    if (scratch.rows[row] == scratch.zeros) continue;
    scratch.rows[row] = scratch.copy + (scratch.rows[row] - input) / plan.units * plan.copy_stride();
  }
}

/// The pointers of all tiles of a chunk.
VITRAL_INLINE void find_chunk_rows(const ConvArgs& args, const ConvPlan& plan, std::int64_t chunk,
                                   const ConvScratch& scratch) {
  const std::int64_t first = plan.chunk_begin(chunk);
  const std::int64_t tiles = plan.chunk_begin(chunk + 1) - first;
  for (std::int64_t tile = 0; tile < tiles; ++tile) {
    find_rows(args, plan, first + tile, scratch.zeros, scratch.rows + tile * plan.taps * kTilePixels);
  }
  if (plan.copy_pixels > 0) copy_rows(args, plan, tiles, scratch);
}

/// All tiles of `chunk` for one pair of panels.
template <class A, class T>
void conv_chunk(const ConvArgs& args, const ConvPlan& plan, std::int64_t chunk, std::int64_t pair, const float** rows) {
  const std::int64_t channel = pair * kPanelPair;
  const std::int64_t out_channels = args.shape.out_channels;
  const std::int64_t first = plan.chunk_begin(chunk);
  const std::int64_t tiles = plan.chunk_begin(chunk + 1) - first;
  const bool two_panels = out_channels - channel > kLanes;
  const std::int64_t pair_lines = plan.pair_words() / kLanes;
  const std::int64_t steps = plan.taps * (plan.units / kUnroll);

  TileOperands from = {};
  from.weights = static_cast<const float*>(args.weights) + pair * plan.pair_words();
  from.taps = plan.taps;
  from.units = plan.units;
  from.prefetch_lines = static_cast<int>(steps > 0 ? ceil_div(pair_lines, tiles * steps) : 0);
  const float* next =
      static_cast<const float*>(args.weights) + (pair + 1 < plan.pairs ? pair + 1 : 0) * plan.pair_words();
  TileResults<T> to = {};
  to.bias = args.bias + channel;
  to.stride = out_channels;
  to.channels = smaller(out_channels - channel, kPanelPair);
  to.activation = args.activation;
  for (std::int64_t tile = 0; tile < tiles; ++tile) {
    const std::int64_t pixel = plan.tile_begin(first + tile);
    const std::int64_t offset = pixel * out_channels + channel;
    from.rows = rows + tile * plan.taps * kTilePixels;
    from.prefetch = next + tile * steps * from.prefetch_lines * kLanes;
    to.out = static_cast<T*>(args.out) + offset;
    to.residual = args.residual != nullptr ? static_cast<const T*>(args.residual) + offset : nullptr;
    to.pixels = static_cast<int>(plan.tile_begin(first + tile + 1) - pixel);
    if (two_panels) {
      run_tile<A, T, 2>(from, to);
    } else {
      run_tile<A, T, 1>(from, to);
    }
  }
}

/// Tasks are pairs of panels of chunks, chunk after chunk.
template <class A, class T>
void conv_direct(const ConvArgs& args, std::int64_t begin, std::int64_t end, void* memory) {
  const ConvPlan plan(args.shape);
  const ConvScratch scratch(plan, memory);
  for (std::int64_t unit = 0; unit < plan.units; ++unit) scratch.zeros[unit] = 0;
  std::int64_t ready = -1;  // the chunk whose pointers the table holds
  for (std::int64_t task = begin; task < end; ++task) {
    const std::int64_t chunk = task / plan.pairs;
    if (chunk != ready) {
      find_chunk_rows(args, plan, chunk, scratch);
      ready = chunk;
    }
    conv_chunk<A, T>(args, plan, chunk, task % plan.pairs, scratch.rows);
  }
}

}  // namespace
}  // namespace vitral::kernels
