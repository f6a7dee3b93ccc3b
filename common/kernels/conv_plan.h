/// How a convolution divides its work and its scratch memory; the same for every instruction set.
#pragma once

#include "common/kernels/conv.h"

namespace vitral::kernels {

constexpr int kTilePixels = 14;  ///< at most; times 32 channels: 28 of 32 registers hold sums
constexpr int kPanelPair = 32;   ///< output channels of a tile: two vectors of 16

/// The height of the register tile that computes `pixels` pixels: each is a function of its own.
VITRAL_INLINE constexpr int tile_height(int pixels) {
  return pixels > 12 ? pixels : pixels > 8 ? 12 : pixels > 4 ? 8 : 4;
}

/// Sizes that follow from the shape. Forced inline: files compiled for different processors must not share copies.
struct ConvPlan {
  VITRAL_INLINE explicit ConvPlan(const ConvShape& shape)
      : ConvPlan(shape, shape.kernel * shape.kernel, shape.in_channels, shape.out_pixels()) {}

  /// `taps` products of `numbers` numbers for each of `pixels` pixels.
  VITRAL_INLINE ConvPlan(const ConvShape& shape, std::int64_t taps_, std::int64_t numbers, std::int64_t pixels_)
      : taps(taps_),
        units(shape.dtype == DType::f32 ? numbers : divide(numbers, 2)),
        pixels(pixels_),
        pairs(divide(shape.out_channels, kPanelPair)),
        tiles(divide(pixels, kTilePixels)) {
    // A chunk's input stays in the second-level cache while all weights pass by; the more of them, the larger it is.
    const bool heavy = pairs * pair_words() * 4 > 1 << 20;
    const std::int64_t chunk_bytes = heavy ? 448 << 10 : 192 << 10;
    const std::int64_t spread = shape.kernel > 1 ? shape.stride * shape.stride : 1;
    const std::int64_t tile_bytes = kTilePixels * units * 4 * spread;
    const std::int64_t most = chunk_bytes / tile_bytes;
    chunk_tiles = most < 1 ? 1 : most < kMaxChunkTiles ? most : kMaxChunkTiles;
    chunks = divide(tiles, chunk_tiles);
    chunk_tiles = divide(tiles, chunks);
    copy_pixels = 0;
    if (units * shape.stride % kAliasingUnits == 0) {
      if (shape.kernel == 1) copy_pixels = chunk_tiles * kTilePixels;
      if (shape.kernel > 1 && chunks == 1) copy_pixels = shape.batch * shape.height * shape.width;
    }
  }

  VITRAL_INLINE static std::int64_t divide(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

  /// The first pixel of a tile; tiles differ by at most one pixel.
  VITRAL_INLINE std::int64_t tile_begin(std::int64_t tile) const { return pixels * tile / tiles; }
  VITRAL_INLINE std::int64_t chunk_begin(std::int64_t chunk) const { return tiles * chunk / chunks; }
  VITRAL_INLINE std::int64_t pair_words() const { return taps * units * kPanelPair; }

  /// Words of the chunk's copy of its input: pixels this far apart share no cache set with the tile's others.
  VITRAL_INLINE std::int64_t copy_stride() const { return units + 16; }
  VITRAL_INLINE std::int64_t copy_words() const { return copy_pixels * copy_stride(); }
  VITRAL_INLINE std::int64_t zero_words() const { return divide(units, 16) * 16; }
  VITRAL_INLINE std::int64_t table_bytes() const { return chunk_tiles * taps * kTilePixels * 8; }
  VITRAL_INLINE std::int64_t scratch_bytes() const { return (zero_words() + copy_words()) * 4 + table_bytes(); }

  static constexpr std::int64_t kMaxChunkTiles = 32;
  /// Rows 4 KiB apart fall into one set of the first-level cache, which holds fewer of them than a tile has.
  static constexpr std::int64_t kAliasingUnits = 1024;
  std::int64_t taps;
  std::int64_t units;   ///< 32-bit words of an input pixel
  std::int64_t pixels;  ///< of the output, all pictures
  std::int64_t pairs;   ///< of panels
  std::int64_t tiles;
  std::int64_t chunk_tiles;  ///< at most
  std::int64_t chunks;
  std::int64_t copy_pixels;  ///< of a chunk's input that are copied to where they do not alias
};

/// The same for an input of few channels: tiles of one picture, taps are rows of the kernel.
struct FewChannelsPlan : ConvPlan {
  VITRAL_INLINE explicit FewChannelsPlan(const ConvShape& shape)
      : ConvPlan(shape, shape.kernel, shape.kernel * shape.in_channels, shape.out_height() * shape.out_width()),
        row_numbers(divide((shape.width + 2 * shape.padding) * shape.in_channels + 1, 2) * 2),
        most_rows((divide(chunk_tiles * kTilePixels, shape.out_width()) * shape.stride) + shape.kernel) {}

  VITRAL_INLINE std::int64_t scratch_bytes() const { return table_bytes() + most_rows * row_numbers * 4; }

  std::int64_t row_numbers;  ///< of a padded input row, its channels interleaved; and one that a pair may touch
  std::int64_t most_rows;    ///< that the tiles of a chunk read
};

}  // namespace vitral::kernels
