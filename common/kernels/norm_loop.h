/// Layer normalisation, written once for every instruction set.
#pragma once

#include "common/kernels/norm.h"
#include "common/kernels/simd_common.h"

namespace vitral::kernels {
namespace {

/// Calls step(i, n) for i = 0, 16, ... below `width`, n lanes each; the last step may have fewer.
template <class Step>
VITRAL_INLINE void for_lanes(std::int64_t width, Step step) {
  std::int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) step(i, kLanes);
  if (i < width) step(i, static_cast<int>(width - i));
}

template <class S, class T>
VITRAL_INLINE typename S::Vec load_lanes(const T* p, int n) {
  return n == kLanes ? S::load(p) : S::load_some(p, n);
}

template <class S, class T>
VITRAL_INLINE void store_lanes(T* p, typename S::Vec v, int n) {
  if (n == kLanes) {
    S::store(p, v);
  } else {
    S::store_some(p, v, n);
  }
}

/// Rows of a stream of format X, updates and results of format T.
template <class S, class X, class T>
class LayerNorm {
  using Vec = typename S::Vec;

 public:
  explicit LayerNorm(const LayerNormArgs& args) : args_(args), piece_width_(args.width / args.pieces) {}

  void run(std::int64_t begin, std::int64_t end) const {
    for (std::int64_t row = begin; row < end; ++row) {
      if (args_.gather == nullptr) {
        const X* input = static_cast<const X*>(args_.input) + row * args_.input_stride;
        if (args_.update != nullptr) input = add_update(input, row);
        normalise(&input, row);
      } else {
        const X* pieces[kMaxNormPieces];
        for (std::int64_t p = 0; p < args_.pieces; ++p) {
          const std::int32_t at = args_.gather[row * args_.pieces + p];
          pieces[p] = at < 0 ? nullptr : static_cast<const X*>(args_.input) + at * args_.input_stride;
        }
        normalise(pieces, row);
      }
    }
  }

 private:
  const X* add_update(const X* input, std::int64_t row) const {
    const T* update = static_cast<const T*>(args_.update) + row * args_.update_stride;
    X* sum = static_cast<X*>(args_.sum) + row * args_.sum_stride;
    for_lanes(
        args_.width, [&](std::int64_t i, int n) __attribute__((always_inline)) {
          store_lanes<S>(sum + i, S::add(load_lanes<S>(input + i, n), load_lanes<S>(update + i, n)), n);
        });
    return sum;
  }

  /// Sums f over the row. Four sums at a time, because one would wait for itself.
  template <class F>
  VITRAL_INLINE float sum_over(const X* const* pieces, F f) const {
    Vec sums[4] = {S::broadcast(0), S::broadcast(0), S::broadcast(0), S::broadcast(0)};
    for (std::int64_t p = 0; p < args_.pieces; ++p) {
      const X* x = pieces[p];
      std::int64_t i = 0;
      for (; x != nullptr && i + 4 * kLanes <= piece_width_; i += 4 * kLanes) {
#pragma GCC unroll 4
        for (int k = 0; k < 4; ++k) sums[k] = f(sums[k], S::load(x + i + k * kLanes), kLanes);
      }
      for (; i < piece_width_; i += kLanes) {
        const int n = smaller(kLanes, piece_width_ - i);
        sums[0] = f(sums[0], x == nullptr ? S::broadcast(0) : load_lanes<S>(x + i, n), n);
      }
    }
    return S::reduce_add(S::add(S::add(sums[0], sums[1]), S::add(sums[2], sums[3])));
  }

  /// The mean first, then the deviations from it: channels with large means lose no digits.
  void normalise(const X* const* pieces, std::int64_t row) const {
    const auto count = static_cast<float>(args_.width);
    const float mean = sum_over(
                           pieces, [](Vec sum, Vec x, int) __attribute__((always_inline)) { return S::add(sum, x); }) /
                       count;
    const Vec means = S::broadcast(mean);
    const float squares = sum_over(
        pieces, [means](Vec sum, Vec x, int n) __attribute__((always_inline)) {
          Vec deviation = S::sub(x, means);
          if (n < kLanes) deviation = S::keep(deviation, n, 0.0F);
          return S::fma(deviation, deviation, sum);
        });
    const float scale = 1.0F / __builtin_sqrtf(squares / count + args_.eps);
    T* out = static_cast<T*>(args_.out) + row * args_.out_stride;
    for (std::int64_t p = 0; p < args_.pieces; ++p) write(pieces[p], p * piece_width_, mean, scale, out);
  }

  void write(const X* x, std::int64_t first, float mean, float scale, T* out) const {
    const Vec means = S::broadcast(mean);
    const Vec scales = S::broadcast(scale);
    const bool affine = args_.weight != nullptr && args_.bias != nullptr;
    for_lanes(
        piece_width_, [&](std::int64_t i, int n) __attribute__((always_inline)) {
          Vec y = S::mul(S::sub(x == nullptr ? S::broadcast(0) : load_lanes<S>(x + i, n), means), scales);
          const std::int64_t at = first + i;
          if (affine) {
            y = S::fma(y, load_lanes<S>(args_.weight + at, n), load_lanes<S>(args_.bias + at, n));
          } else {
            if (args_.weight != nullptr) y = S::mul(y, load_lanes<S>(args_.weight + at, n));
            if (args_.bias != nullptr) y = S::add(y, load_lanes<S>(args_.bias + at, n));
          }
          store_lanes<S>(out + at, y, n);
        });
  }

  const LayerNormArgs& args_;
  const std::int64_t piece_width_;
};

template <class S, class X, class T>
void layer_norm_rows(const LayerNormArgs& args, std::int64_t begin, std::int64_t end) {
  LayerNorm<S, X, T>(args).run(begin, end);
}

template <class S>
void layer_norm_any(const LayerNormArgs& args, std::int64_t begin, std::int64_t end) {
  const bool wide = args.stream == DType::f32;
  switch (args.dtype) {
    case DType::f32:
      return layer_norm_rows<S, float, float>(args, begin, end);
    case DType::bf16:
      return wide ? layer_norm_rows<S, float, Bf16>(args, begin, end)
                  : layer_norm_rows<S, Bf16, Bf16>(args, begin, end);
    case DType::f16:
      return wide ? layer_norm_rows<S, float, Half>(args, begin, end)
                  : layer_norm_rows<S, Half, Half>(args, begin, end);
  }
}

}  // namespace
}  // namespace vitral::kernels
