/// Which cells each bin of RoIAlign takes from, and how much of each: forward and backward share it.
#pragma once

#include <cstdint>
#include <vector>

#include "common/kernels/roi_align_samples.h"

namespace vitral::kernels {
namespace {

struct RoiTap {
  std::int64_t cell;
  float weight;
};

/// What each bin of one direction takes from which cells. Bilinear sampling is separable, and so is the mean: a bin is
/// the sum over its rows and columns of cells, each cell once however many samples touch it.
class RoiTaps {
 public:
  void place(const RoiExtent& extent, std::int64_t bins, std::int64_t cells) {
    taps_.clear();
    ends_.assign(1, 0);
    const auto samples = static_cast<std::int64_t>(extent.samples);
    for (std::int64_t i = 0; i < bins; ++i) {
      for (std::int64_t s = 0; s < samples; ++s) add(RoiSample(extent.at(i, s), cells));
      ends_.push_back(taps_.size());
    }
  }
  const RoiTap* begin(std::int64_t bin) const { return taps_.data() + ends_[static_cast<std::size_t>(bin)]; }
  const RoiTap* end(std::int64_t bin) const { return begin(bin + 1); }

 private:
  void add(const RoiSample& sample) {
    if (!sample.exists) return;
    add_tap(sample.low, 1.0F - sample.rest);
    if (sample.rest > 0) add_tap(sample.low + 1, sample.rest);
  }
  /// Samples rise, so that a cell that is there already is one of the last two.
  void add_tap(std::int64_t cell, float weight) {
    for (std::size_t i = taps_.size(); i > ends_.back() && taps_.size() - i < 2; --i) {
      if (taps_[i - 1].cell == cell) {
        taps_[i - 1].weight += weight;
        return;
      }
    }
    taps_.push_back({cell, weight});
  }

  std::vector<RoiTap> taps_;
  std::vector<std::size_t> ends_;
};

/// The mean over a bin's samples divides by this.
inline float samples_of_bin(const RoiExtent& high, const RoiExtent& wide) {
  const float rows = high.samples > 0 ? high.samples : 0, columns = wide.samples > 0 ? wide.samples : 0;
  return rows * columns > 1 ? rows * columns : 1;
}

}  // namespace
}  // namespace vitral::kernels
