/// Where RoIAlign samples: the arithmetic that processors and GPUs share.
#pragma once

#include "common/kernels/dtype.h"
#include "common/kernels/roi_align.h"

namespace vitral::kernels {
namespace {

VITRAL_INLINE float ceiling_of(float x) {
#ifdef __CUDA_ARCH__
  return ceilf(x);
#else
  return __builtin_ceilf(x);
#endif
}

/// One direction of a region, in cells of the map.
struct RoiExtent {
  VITRAL_INLINE RoiExtent(const RoiAlignArgs& args, float low, float high, std::int64_t bins) {
    const float shift = args.aligned ? 0.5F : 0.0F;
    begin = low * args.scale - shift;
    float length = (high * args.scale - shift) - begin;
    if (!args.aligned && length < 1.0F) length = 1.0F;
    bin = length / static_cast<float>(bins);
    samples = args.sampling > 0 ? static_cast<float>(args.sampling) : ceiling_of(bin);
  }
  /// Where sample `s` of bin `i` lies.
  VITRAL_INLINE float at(std::int64_t i, std::int64_t s) const {
    return begin + static_cast<float>(i) * bin + (static_cast<float>(s) + 0.5F) * bin / samples;
  }
  float begin, bin, samples;  // samples: a whole number, below 1 where the region has no extent
};

/// A sample between two cells; what is outside the map, or no number, has no part in either.
struct RoiSample {
  VITRAL_INLINE RoiSample(float at, std::int64_t cells) {
    const auto last = static_cast<float>(cells - 1);
    exists = at >= -1.0F && at <= static_cast<float>(cells);
    if (!exists) return;
    at = at < 0.0F ? 0.0F : at > last ? last : at;
    low = static_cast<std::int64_t>(at);
    rest = at - static_cast<float>(low);
  }
  std::int64_t low = 0;
  float rest = 0;  ///< share of the cell after `low`; where it is 0, that cell need not exist
  bool exists = false;
};

VITRAL_INLINE RoiExtent vertical(const RoiAlignArgs& args, const float* roi) {
  return {args, roi[2], roi[4], args.bins_high};
}
VITRAL_INLINE RoiExtent horizontal(const RoiAlignArgs& args, const float* roi) {
  return {args, roi[1], roi[3], args.bins_wide};
}

}  // namespace
}  // namespace vitral::kernels
