/// One word of bits: which of 64 boxes one box would suppress. And the pass over them.
#pragma once

#include "common/kernels/cuda/nms.h"

namespace vitral::kernels::cuda {
namespace {

struct NmsWord {
  NmsArgs args;

  VITRAL_INLINE std::int64_t count() const { return args.count * args.words(); }

  VITRAL_INLINE void operator()(std::int64_t place) const {
    const std::int64_t i = place / args.words(), begin = place % args.words() * 64;
    const std::int64_t end = begin + 64 < args.count ? begin + 64 : args.count;
    std::uint64_t bits = 0;
    // Worse boxes only: a better one has been decided upon before.
    for (std::int64_t j = begin > i ? begin : i + 1; j < end; ++j) {
      const bool meets = args.classes == nullptr || args.classes[i] == args.classes[j];
      if (meets && overlap(args.boxes + 4 * i, args.boxes + 4 * j) > args.threshold) {
        bits |= std::uint64_t{1} << (j - begin);
      }
    }
    args.bits[place] = bits;
  }

 private:
  static VITRAL_INLINE float larger(float a, float b) { return a < b ? b : a; }
  static VITRAL_INLINE float smaller(float a, float b) { return b < a ? b : a; }
  static VITRAL_INLINE float area(const float* box) { return (box[2] - box[0]) * (box[3] - box[1]); }

  /// Intersection over union, operation by operation as on the CPU: this file is compiled without fused multiply-adds.
  static VITRAL_INLINE float overlap(const float* a, const float* b) {
    const float width = larger(0.0F, smaller(a[2], b[2]) - larger(a[0], b[0]));
    const float height = larger(0.0F, smaller(a[3], b[3]) - larger(a[1], b[1]));
    const float intersection = width * height;
    return intersection / (area(a) + area(b) - intersection);
  }
};

/// Bits of a box's row of words.
VITRAL_INLINE bool has_bit(const std::uint64_t* words, std::int64_t i) {
  return (words[i / 64] >> (i % 64) & 1) != 0;
}

}  // namespace
}  // namespace vitral::kernels::cuda
