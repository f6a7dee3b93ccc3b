/// Deformable sampling, written once for every instruction set.
#pragma once

#include "common/kernels/deformable.h"
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
  explicit DeformableTaps(const DeformableArgs& args) : args_(args), stride_(args.heads * args.dim) {}

  /// `value`: this head's part of the first token of the picture.
  VITRAL_INLINE int place(const T* value, const float* locations, const float* weights) {
    count_ = 0;
    for (std::int64_t level = 0; level < args_.levels; ++level) {
      const std::int64_t height = args_.sizes[2 * level], width = args_.sizes[2 * level + 1];
      for (std::int64_t point = 0; point < args_.points; ++point, locations += 2, ++weights) {
        const float x = locations[0] * static_cast<float>(width), y = locations[1] * static_cast<float>(height);
        if (args_.nearest) {
          add_nearest(value, height, width, x, y, *weights);
        } else {
          add_bilinear(value, height, width, x - 0.5F, y - 0.5F, *weights);
        }
      }
      value += height * width * stride_;
    }
    return count_;
  }
  const DeformableTap<T>& operator[](int i) const { return taps_[i]; }

 private:
  VITRAL_INLINE void add(const T* map, std::int64_t width, std::int64_t row, std::int64_t column, float weight) {
    taps_[count_++] = {map + (row * width + column) * stride_, weight};
  }

  VITRAL_INLINE void add_nearest(const T* map, std::int64_t height, std::int64_t width, float x, float y,
                                 float weight) {
    add(map, width, nearest(y, height), nearest(x, width), weight);
  }
  /// The comparisons send what is no number to the first pixel.
  static VITRAL_INLINE std::int64_t nearest(float at, std::int64_t size) {
    const auto last = static_cast<float>(size - 1);
    const float rounded = __builtin_floorf(at + 0.5F);
    return static_cast<std::int64_t>(rounded > 0 ? (rounded < last ? rounded : last) : 0.0F);
  }

  VITRAL_INLINE void add_bilinear(const T* map, std::int64_t height, std::int64_t width, float x, float y,
                                  float weight) {
    const bool near = x > -1.0F && y > -1.0F && x < static_cast<float>(width) && y < static_cast<float>(height);
    if (!near) return;  // no number comes here either
    const float left_edge = __builtin_floorf(x), top_edge = __builtin_floorf(y);
    const auto left = static_cast<std::int64_t>(left_edge), top = static_cast<std::int64_t>(top_edge);
    const float right_share = x - left_edge, low_share = y - top_edge;
    const float high = weight * (1 - low_share), low = weight * low_share;
    if (top >= 0 && left >= 0) add(map, width, top, left, high * (1 - right_share));
    if (top >= 0 && left + 1 < width) add(map, width, top, left + 1, high * right_share);
    if (top + 1 < height && left >= 0) add(map, width, top + 1, left, low * (1 - right_share));
    if (top + 1 < height && left + 1 < width) add(map, width, top + 1, left + 1, low * right_share);
  }

  const DeformableArgs& args_;
  const std::int64_t stride_;  // from token to token
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
