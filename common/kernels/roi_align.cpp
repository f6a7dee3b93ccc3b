#include "common/kernels/roi_align.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "common/core/error.h"
#include "common/kernels/roi_align_samples.h"
#include "common/kernels/roi_align_taps.h"

namespace vitral::kernels {
namespace {

constexpr float kMostSamples = 65536;

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ErrorKind::failed, "roi_align", message);
}

const float* roi(const RoiAlignArgs& args, std::int64_t i) {
  return args.rois + 5 * (args.rows != nullptr ? args.rows[i] : i);
}

/// The bins of one region after another; owns what they are computed in.
class Pooling {
 public:
  explicit Pooling(const RoiAlignArgs& args)
      : args_(args), bins_(static_cast<std::size_t>(args.bins_high * args.bins_wide * args.channels)) {}

  void pool(const float* roi, float* out) {
    const RoiExtent high = vertical(args_, roi), wide = horizontal(args_, roi);
    rows_.place(high, args_.bins_high, args_.height);
    columns_.place(wide, args_.bins_wide, args_.width);
    const float* picture = args_.map + static_cast<std::int64_t>(roi[0]) * args_.height * args_.width * args_.channels;
    float* bin = bins_.data();
    for (std::int64_t y = 0; y < args_.bins_high; ++y) {
      for (std::int64_t x = 0; x < args_.bins_wide; ++x, bin += args_.channels) add_up(picture, y, x, bin);
    }
    write(samples_of_bin(high, wide), out);
  }

 private:
  void add_up(const float* picture, std::int64_t y, std::int64_t x, float* bin) const {
    std::fill_n(bin, args_.channels, 0.0F);
    for (const RoiTap* row = rows_.begin(y); row != rows_.end(y); ++row) {
      const float* cells = picture + row->cell * args_.width * args_.channels;
      for (const RoiTap* column = columns_.begin(x); column != columns_.end(x); ++column) {
        const float weight = row->weight * column->weight;
        const float* cell = cells + column->cell * args_.channels;
        for (std::int64_t c = 0; c < args_.channels; ++c) bin[c] += weight * cell[c];
      }
    }
  }

  /// Channels last become channels first.
  void write(float samples, float* out) const {
    const std::int64_t bins = args_.bins_high * args_.bins_wide;
    for (std::int64_t c = 0; c < args_.channels; ++c) {
      for (std::int64_t i = 0; i < bins; ++i)
        *out++ = bins_[static_cast<std::size_t>(i * args_.channels + c)] / samples;
    }
  }

  const RoiAlignArgs& args_;
  RoiTaps rows_, columns_;
  std::vector<float> bins_;  // [bins, channels]
};

}  // namespace

void check_roi_align(const RoiAlignArgs& args) {
  if (args.batch < 1 || args.height < 1 || args.width < 1 || args.channels < 1) refuse("the map is empty");
  if (args.bins_high < 1 || args.bins_wide < 1 || args.count < 0) refuse("there are no bins");
  if (args.map == nullptr || (args.count > 0 && (args.rois == nullptr || args.out == nullptr)))
    refuse("an operand is missing");
  for (std::int64_t i = 0; i < args.count; ++i) {
    const float* region = roi(args, i);
    const std::string name = "region " + std::to_string(i);
    if (!(region[0] >= 0 && region[0] < static_cast<float>(args.batch) && region[0] == std::floor(region[0]))) {
      refuse(name + " is of picture " + std::to_string(region[0]) + " of " + std::to_string(args.batch));
    }
    for (const auto& extent : {vertical(args, region), horizontal(args, region)}) {
      if (std::isfinite(extent.begin) && std::isfinite(extent.bin) && extent.samples <= kMostSamples) continue;
      refuse(name + " has coordinates that are no numbers or too large");
    }
  }
}

void roi_align(const RoiAlignArgs& args, std::int64_t begin, std::int64_t end) {
  Pooling pooling(args);
  const std::int64_t size = args.channels * args.bins_high * args.bins_wide;
  for (std::int64_t i = begin; i < end; ++i) {
    const std::int64_t row = args.rows != nullptr ? args.rows[i] : i;
    pooling.pool(args.rois + 5 * row, args.out + row * size);
  }
}

}  // namespace vitral::kernels
