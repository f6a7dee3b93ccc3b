#include <vector>

#include "common/kernels/roi_align.h"
#include "common/kernels/roi_align_taps.h"

namespace vitral::kernels {
namespace {

/// Gives each cell of a picture what the bins that took from it say.
class Spreading {
 public:
  Spreading(const RoiAlignArgs& args, float* gradient)
      : args_(args), gradient_(gradient), bin_(static_cast<std::size_t>(args.channels)) {}

  void spread(const float* roi, const float* bins) {
    const RoiExtent high = vertical(args_, roi), wide = horizontal(args_, roi);
    rows_.place(high, args_.bins_high, args_.height);
    columns_.place(wide, args_.bins_wide, args_.width);
    float* picture = gradient_ + static_cast<std::int64_t>(roi[0]) * args_.height * args_.width * args_.channels;
    const float share = 1 / samples_of_bin(high, wide);
    for (std::int64_t y = 0; y < args_.bins_high; ++y) {
      for (std::int64_t x = 0; x < args_.bins_wide; ++x) {
        take(bins + y * args_.bins_wide + x, share);
        give(picture, y, x);
      }
    }
  }

 private:
  /// Channels first become one bin's channels.
  void take(const float* bin, float share) {
    const std::int64_t bins = args_.bins_high * args_.bins_wide;
    for (std::int64_t c = 0; c < args_.channels; ++c) bin_[static_cast<std::size_t>(c)] = share * bin[c * bins];
  }

  void give(float* picture, std::int64_t y, std::int64_t x) const {
    const float* bin = bin_.data();
    for (const RoiTap* row = rows_.begin(y); row != rows_.end(y); ++row) {
      float* cells = picture + row->cell * args_.width * args_.channels;
      for (const RoiTap* column = columns_.begin(x); column != columns_.end(x); ++column) {
        const float weight = row->weight * column->weight;
        float* cell = cells + column->cell * args_.channels;
        for (std::int64_t c = 0; c < args_.channels; ++c) cell[c] += weight * bin[c];
      }
    }
  }

  const RoiAlignArgs& args_;
  float* gradient_;
  RoiTaps rows_, columns_;
  std::vector<float> bin_;  // [channels]
};

}  // namespace

void roi_align_backward(const RoiAlignArgs& args, const float* bins, float* gradient, std::int64_t begin,
                        std::int64_t end) {
  Spreading spreading(args, gradient);
  const std::int64_t size = args.channels * args.bins_high * args.bins_wide;
  for (std::int64_t i = 0; i < args.count; ++i) {
    const std::int64_t row = args.rows != nullptr ? args.rows[i] : i;
    const float* roi = args.rois + 5 * row;
    const auto picture = static_cast<std::int64_t>(roi[0]);
    if (picture >= begin && picture < end) spreading.spread(roi, bins + row * size);
  }
}

}  // namespace vitral::kernels
