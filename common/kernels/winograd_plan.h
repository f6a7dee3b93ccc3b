/// How a Winograd convolution divides its work and its scratch memory.
#pragma once

#include "common/kernels/conv_plan.h"

namespace vitral::kernels {

constexpr std::int64_t kWinogradOut = 2;                        ///< pixels of an output tile's side
constexpr std::int64_t kWinogradIn = 4;                         ///< of an input tile's side
constexpr std::int64_t kPositions = kWinogradIn * kWinogradIn;  ///< of a transformed tile: one matrix product each

struct WinogradPlan {
  VITRAL_INLINE explicit WinogradPlan(const ConvShape& shape)
      : channels(shape.in_channels),
        pairs(ConvPlan::divide(shape.out_channels, kPanelPair)),
        tile_columns(ConvPlan::divide(shape.out_width(), kWinogradOut)),
        tile_rows(ConvPlan::divide(shape.out_height(), kWinogradOut)),
        tiles(shape.batch * tile_rows * tile_columns) {
    // Transformed input stays in the second-level cache while the weights pass by; where they come from memory, all
    // tiles should meet them at once.
    const bool heavy = pairs * pair_words() * 4 > 2 << 20;
    const std::int64_t most = (heavy ? 1024 << 10 : 416 << 10) / (kPositions * row_stride() * 4);
    chunks = ConvPlan::divide(tiles, most < kTilePixels ? kTilePixels : most);
    chunk_tiles = ConvPlan::divide(tiles, chunks);
  }

  VITRAL_INLINE std::int64_t chunk_begin(std::int64_t chunk) const { return tiles * chunk / chunks; }
  /// Words of one position's weights, and of all positions', for a pair of panels.
  VITRAL_INLINE std::int64_t block_words() const { return channels * kPanelPair; }
  VITRAL_INLINE std::int64_t pair_words() const { return kPositions * block_words(); }
  /// Of transformed input; rows must not fall into one set of the first-level cache.
  VITRAL_INLINE std::int64_t row_stride() const { return channels + 16; }
  VITRAL_INLINE std::int64_t scratch_bytes() const {
    return 4 * (channels + kPositions * chunk_tiles * (row_stride() + kPanelPair));
  }

  std::int64_t channels;
  std::int64_t pairs;
  std::int64_t tile_columns, tile_rows;  ///< of a picture
  std::int64_t tiles;                    ///< of all pictures
  std::int64_t chunks;
  std::int64_t chunk_tiles;  ///< at most
};

}  // namespace vitral::kernels
