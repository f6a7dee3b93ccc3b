/// Deformable sampling, written once for every instruction set.
#pragma once

#include "common/kernels/deformable_taps.h"
#include "common/kernels/simd_common.h"

namespace vitral::kernels {
namespace {

/// One pixel of one head that a query takes something from.
template <class T>
struct DeformableTap {
  const T* pixel;
  float weight;
};

/// What one query's head takes from all maps, as a list of pixels: the channels come after.
template <class T>
class DeformableTaps {
 public:
  explicit DeformableTaps(const DeformableArgs& args) : args_(args) {}

  /// `value`: this head's part of the first token of the picture.
  VITRAL_INLINE int place(const T* value, const float* locations, const float* weights) {
    count_ = 0;
    for_each_tap(args_, value, locations, weights, [this](const T* pixel, float weight) VITRAL_INLINE_LAMBDA {
      taps_[count_++] = {pixel, weight};
    });
    return count_;
  }
  const DeformableTap<T>& operator[](int i) const { return taps_[i]; }

 private:
  const DeformableArgs& args_;
  DeformableTap<T> taps_[4 * kMostDeformablePoints];
  int count_ = 0;
};

template <class S, class T>
void deformable_rows(const DeformableArgs& args, std::int64_t begin, std::int64_t end) {
  using Vec = typename S::Vec;
  DeformableTaps<T> taps(args);
  const std::int64_t samples = args.levels * args.points, stride = args.heads * args.dim;
  for (std::int64_t row = begin; row < end; ++row) {
    const T* picture = static_cast<const T*>(args.value) + row / args.queries * args.tokens * stride;
    for (std::int64_t head = 0; head < args.heads; ++head) {
      const std::int64_t first = (row * args.heads + head) * samples;
      const int count = taps.place(picture + head * args.dim, args.locations + 2 * first, args.weights + first);
      T* out = static_cast<T*>(args.out) + row * stride + head * args.dim;
      std::int64_t c = 0;
      for (; c + 2 * kLanes <= args.dim; c += 2 * kLanes) {
        Vec a = S::broadcast(0), b = S::broadcast(0);
        for (int i = 0; i < count; ++i) {
          const Vec weight = S::broadcast(taps[i].weight);
          a = S::fma(S::load(taps[i].pixel + c), weight, a);
          b = S::fma(S::load(taps[i].pixel + c + kLanes), weight, b);
        }
        S::store(out + c, a);
        S::store(out + c + kLanes, b);
      }
      for (; c < args.dim; c += kLanes) {
        const int n = smaller(kLanes, args.dim - c);
        Vec a = S::broadcast(0);
        for (int i = 0; i < count; ++i) {
          a = S::fma(S::load_some(taps[i].pixel + c, n), S::broadcast(taps[i].weight), a);
        }
        S::store_some(out + c, a, n);
      }
    }
  }
}

template <class S>
void deformable_any(const DeformableArgs& args, std::int64_t begin, std::int64_t end) {
  switch (args.dtype) {
    case DType::f32:
      return deformable_rows<S, float>(args, begin, end);
    case DType::bf16:
      return deformable_rows<S, Bf16>(args, begin, end);
    case DType::f16:
      return deformable_rows<S, Half>(args, begin, end);
  }
}

}  // namespace
}  // namespace vitral::kernels
