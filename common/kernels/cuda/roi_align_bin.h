/// One channel of one bin of one region.
#pragma once

#include "common/kernels/cuda/launch.h"
#include "common/kernels/roi_align_samples.h"

namespace vitral::kernels::cuda {
namespace {

struct RoiAlignBin {
  RoiAlignArgs args;

  VITRAL_INLINE std::int64_t count() const { return args.count * args.bins_high * args.bins_wide * args.channels; }

  /// Neighbouring places are channels of one bin, which lie side by side in the map.
  VITRAL_INLINE void operator()(std::int64_t place) const {
    const std::int64_t channel = place % args.channels, bin = place / args.channels;
    const std::int64_t x = bin % args.bins_wide, y = bin / args.bins_wide % args.bins_high;
    const std::int64_t i = bin / args.bins_wide / args.bins_high;
    const std::int64_t row = args.rows != nullptr ? args.rows[i] : i;
    const float* roi = args.rois + 5 * row;
    const std::int64_t picture = static_cast<std::int64_t>(roi[0]) * args.height * args.width;
    const float sum = sum_of(args.map + picture * args.channels + channel, roi, y, x);
    args.out[((row * args.channels + channel) * args.bins_high + y) * args.bins_wide + x] = sum;
  }

 private:
  /// The mean of the bin's samples; `map`: this channel of the picture's first cell.
  VITRAL_INLINE float sum_of(const float* map, const float* roi, std::int64_t y, std::int64_t x) const {
    const RoiExtent high = vertical(args, roi), wide = horizontal(args, roi);
    float sum = 0;
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(high.samples); ++i) {
      const RoiSample row(high.at(y, i), args.height);
      for (std::int64_t j = 0; row.exists && j < static_cast<std::int64_t>(wide.samples); ++j) {
        const RoiSample column(wide.at(x, j), args.width);
        if (!column.exists) continue;
        sum += (1 - row.rest) * between(map, row.low, column);
        if (row.rest > 0) sum += row.rest * between(map, row.low + 1, column);
      }
    }
    const float samples = (high.samples > 0 ? high.samples : 0) * (wide.samples > 0 ? wide.samples : 0);
    return sum / (samples > 1 ? samples : 1);
  }

  VITRAL_INLINE float between(const float* map, std::int64_t row, const RoiSample& column) const {
    const float* cell = map + (row * args.width + column.low) * args.channels;
    const float left = (1 - column.rest) * *cell;
    return column.rest > 0 ? left + column.rest * cell[args.channels] : left;
  }
};

}  // namespace
}  // namespace vitral::kernels::cuda
