/// Winograd's minimal filtering F(2x2, 3x3) (Lavin & Gray 2016, "Fast Algorithms for Convolutional Neural Networks"):
/// input tiles of 4x4 pixels and weights are transformed, multiplied position by position, and transformed back.
#pragma once

#include "common/kernels/conv_few_loop.h"
#include "common/kernels/winograd_plan.h"

namespace vitral::kernels {
namespace {

/// Scratch memory of one thread.
struct WinogradScratch {
  VITRAL_INLINE WinogradScratch(const WinogradPlan& plan, void* memory)
      : zeros(static_cast<float*>(memory)),
        input(zeros + plan.channels),
        products(input + kPositions * plan.chunk_tiles * plan.row_stride()) {}

  float* zeros;     ///< [channels]: a pixel of the padding
  float* input;     ///< [positions][tiles][row_stride], transformed
  float* products;  ///< [positions][tiles][kPanelPair]
};

/// Where a tile lies.
struct WinogradTile {
  VITRAL_INLINE WinogradTile(const WinogradPlan& plan, std::int64_t tile)
      : x(tile % plan.tile_columns * kWinogradOut),
        y(tile / plan.tile_columns % plan.tile_rows * kWinogradOut),
        image(tile / plan.tile_columns / plan.tile_rows) {}
  std::int64_t x, y;  ///< its first output pixel
  std::int64_t image;
};

/// The transform of four values: B^T of the paper.
template <class S>
VITRAL_INLINE void transform_input_line(typename S::Vec& a, typename S::Vec& b, typename S::Vec& c,
                                        typename S::Vec& d) {
  const auto old_b = b;
  a = S::sub(a, c);
  b = S::add(old_b, c);
  d = S::sub(old_b, d);
  c = S::sub(c, old_b);
}

/// All channels of one tile of the input, transformed, to row `row` of each position.
template <class S>
VITRAL_INLINE void transform_input(const ConvArgs& args, const WinogradPlan& plan, const WinogradTile& tile,
                                   const WinogradScratch& scratch, std::int64_t row) {
  const ConvShape& s = args.shape;
  const auto* image = static_cast<const float*>(args.input) + tile.image * s.height * s.width * plan.channels;
  const float* pixels[kPositions];
  for (std::int64_t i = 0; i < kPositions; ++i) {
    const std::int64_t y = tile.y - s.padding + i / kWinogradIn;
    const std::int64_t x = tile.x - s.padding + i % kWinogradIn;
    const bool exists = y >= 0 && y < s.height && x >= 0 && x < s.width;
    pixels[i] = exists ? image + (y * s.width + x) * plan.channels : scratch.zeros;
  }
  const std::int64_t position_stride = plan.chunk_tiles * plan.row_stride();
  float* to = scratch.input + row * plan.row_stride();
  for (std::int64_t channel = 0; channel < plan.channels; channel += kLanes) {
    typename S::Vec d[kPositions];
#pragma GCC unroll 16
    for (int i = 0; i < kPositions; ++i) d[i] = S::load(pixels[i] + channel);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) transform_input_line<S>(d[i], d[4 + i], d[8 + i], d[12 + i]);
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) transform_input_line<S>(d[i], d[i + 1], d[i + 2], d[i + 3]);
#pragma GCC unroll 16
    for (int i = 0; i < kPositions; ++i) S::store(to + i * position_stride + channel, d[i]);
  }
}

/// For each position: transformed tiles of a chunk times a pair of panels.
template <class A, int kPanels>
VITRAL_INLINE void multiply_positions(const ConvArgs& args, const WinogradPlan& plan, std::int64_t tiles,
                                      std::int64_t pair, const WinogradScratch& scratch) {
  alignas(64) static constexpr float kNoBias[kPanelPair] = {};
  const std::int64_t blocks = ceil_div(tiles, kTilePixels);
  const std::int64_t steps = plan.channels / kUnroll;
  const float* rows[kTilePixels];
  TileOperands from = {};
  from.rows = rows;
  from.taps = 1;
  from.units = plan.channels;
  from.prefetch_lines = static_cast<int>(ceil_div(plan.block_words() / kLanes, blocks * steps));
  TileResults<float> to = {};
  to.bias = kNoBias;
  to.stride = kPanelPair;
  to.channels = kPanels * kLanes;
  to.activation = Activation::none;
  for (std::int64_t position = 0; position < kPositions; ++position) {
    from.weights = static_cast<const float*>(args.weights) + pair * plan.pair_words() + position * plan.block_words();
    for (std::int64_t block = 0; block < blocks; ++block) {
      const std::int64_t begin = tiles * block / blocks;
      const std::int64_t end = tiles * (block + 1) / blocks;
      const float* first = scratch.input + position * plan.chunk_tiles * plan.row_stride();
      for (std::int64_t i = 0; i < kTilePixels; ++i) {
        rows[i] = first + (begin + i < end ? begin + i : end - 1) * plan.row_stride();
      }
      from.prefetch = from.weights + plan.block_words() + block * steps * from.prefetch_lines * kLanes;
      to.out = scratch.products + (position * plan.chunk_tiles + begin) * kPanelPair;
      to.pixels = static_cast<int>(end - begin);
      run_tile<A, float, kPanels>(from, to);
    }
  }
}

/// The transform of four values to two: A^T of the paper.
template <class S>
VITRAL_INLINE void transform_output_line(const typename S::Vec* m, int step, typename S::Vec& first,
                                         typename S::Vec& second) {
  first = S::add(S::add(m[0], m[step]), m[2 * step]);
  second = S::sub(S::sub(m[step], m[2 * step]), m[3 * step]);
}

/// Sixteen channels of one tile from its products to the output.
template <class S>
VITRAL_INLINE void transform_output(const ConvArgs& args, const WinogradPlan& plan, const WinogradTile& tile,
                                    const float* products, std::int64_t channel, const Clamp& clamp) {
  const ConvShape& s = args.shape;
  const int channels = smaller(s.out_channels - channel, kLanes);
  const std::int64_t position_stride = plan.chunk_tiles * kPanelPair;
  typename S::Vec m[kPositions];
#pragma GCC unroll 16
  for (int i = 0; i < kPositions; ++i) m[i] = S::load(products + i * position_stride);
  typename S::Vec half[8];  // two rows of four
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) transform_output_line<S>(m + i, 4, half[i], half[4 + i]);
  typename S::Vec out[4];
  transform_output_line<S>(half, 1, out[0], out[1]);
  transform_output_line<S>(half + 4, 1, out[2], out[3]);
  const auto bias = S::load(args.bias + channel);
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const std::int64_t y = tile.y + i / kWinogradOut;
    const std::int64_t x = tile.x + i % kWinogradOut;
    if (y >= s.out_height() || x >= s.out_width()) continue;
    const std::int64_t at = ((tile.image * s.out_height() + y) * s.out_width() + x) * s.out_channels + channel;
    auto value = S::add(out[i], bias);
    if (args.residual != nullptr) {
      value = S::add(value, load_channels<S>(static_cast<const float*>(args.residual) + at, channels));
    }
    value = apply<S>(args.activation, clamp, value);
    store_channels<S>(static_cast<float*>(args.out) + at, value, channels);
  }
}

/// Tasks are pairs of panels of chunks, chunk after chunk, as in the direct algorithm.
template <class A>
void conv_winograd(const ConvArgs& args, std::int64_t begin, std::int64_t end, void* memory) {
  using S = typename A::Simd;
  const WinogradPlan plan(args.shape);
  const WinogradScratch scratch(plan, memory);
  const Clamp clamp(args.activation);
  for (std::int64_t i = 0; i < plan.channels; ++i) scratch.zeros[i] = 0;
  std::int64_t ready = -1;  // the chunk whose input is transformed
  for (std::int64_t task = begin; task < end; ++task) {
    const std::int64_t chunk = task / plan.pairs;
    const std::int64_t pair = task % plan.pairs;
    const std::int64_t first = plan.chunk_begin(chunk);
    const std::int64_t tiles = plan.chunk_begin(chunk + 1) - first;
    if (chunk != ready) {
      for (std::int64_t i = 0; i < tiles; ++i) {
        transform_input<S>(args, plan, WinogradTile(plan, first + i), scratch, i);
      }
      ready = chunk;
    }
    const std::int64_t channel = pair * kPanelPair;
    const bool two_panels = args.shape.out_channels - channel > kLanes;
    if (two_panels) {
      multiply_positions<A, 2>(args, plan, tiles, pair, scratch);
    } else {
      multiply_positions<A, 1>(args, plan, tiles, pair, scratch);
    }
    for (std::int64_t i = 0; i < tiles; ++i) {
      const WinogradTile tile(plan, first + i);
      const float* products = scratch.products + i * kPanelPair;
      transform_output<S>(args, plan, tile, products, channel, clamp);
      if (two_panels) transform_output<S>(args, plan, tile, products + kLanes, channel + kLanes, clamp);
    }
  }
}

/// Every algorithm on fp32.
template <class A>
void conv_f32(const ConvArgs& args, std::int64_t begin, std::int64_t end, void* memory) {
  if (args.algorithm == ConvAlgorithm::winograd) return conv_winograd<A>(args, begin, end, memory);
  conv_any_direct<A, float>(args, begin, end, memory);
}

}  // namespace
}  // namespace vitral::kernels
