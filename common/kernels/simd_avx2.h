/// Sixteen fp32 lanes in two AVX registers. What each function means: simd_portable.h.
#pragma once

#include "common/kernels/simd_x86.h"

namespace vitral::kernels {
namespace {

struct Avx2 {
  struct Vec {
    __m256 low;
    __m256 high;
  };
  using Guard = FlushSubnormals;
  static constexpr int kMaxPanels = 1;  ///< twelve sums, two columns and a broadcast fill the sixteen registers

  static VITRAL_INLINE Vec broadcast(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }

  /// All ones in the first `n` of eight lanes.
  static VITRAL_INLINE __m256i first(int n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }

  static VITRAL_INLINE __m256 widen(Bf16, __m128i x) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(x), 16));
  }
  static VITRAL_INLINE __m256 widen(Half, __m128i x) { return _mm256_cvtph_ps(x); }

  static VITRAL_INLINE Vec load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
  template <class T>
  static VITRAL_INLINE Vec load(const T* p) {
    const auto* halves = reinterpret_cast<const __m128i*>(p);
    return {widen(T{}, _mm_loadu_si128(halves)), widen(T{}, _mm_loadu_si128(halves + 1))};
  }
  static VITRAL_INLINE Vec load_some(const float* p, int n) {
    return {_mm256_maskload_ps(p, first(n)), _mm256_maskload_ps(p + 8, first(n - 8))};
  }
  template <class T>
  static VITRAL_INLINE Vec load_some(const T* p, int n) {
    T lanes[kLanes] = {};
    for (int i = 0; i < n && i < kLanes; ++i) lanes[i] = p[i];
    return load(lanes);
  }

  static VITRAL_INLINE __m128i narrow(Bf16, __m256 v) {
    const __m256i bits = _mm256_castps_si256(v);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded = _mm256_add_epi32(_mm256_add_epi32(bits, odd), _mm256_set1_epi32(0x7fff));
    const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    const __m256i unordered = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    const __m256i chosen = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, unordered), 16);
    return _mm_packus_epi32(_mm256_castsi256_si128(chosen), _mm256_extracti128_si256(chosen, 1));
  }
  static VITRAL_INLINE __m128i narrow(Half, __m256 v) { return _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT); }

  static VITRAL_INLINE void store(float* p, Vec v) {
    _mm256_storeu_ps(p, v.low);
    _mm256_storeu_ps(p + 8, v.high);
  }
  template <class T>
  static VITRAL_INLINE void store(T* p, Vec v) {
    auto* halves = reinterpret_cast<__m128i*>(p);
    _mm_storeu_si128(halves, narrow(T{}, v.low));
    _mm_storeu_si128(halves + 1, narrow(T{}, v.high));
  }
  static VITRAL_INLINE void store_some(float* p, Vec v, int n) {
    _mm256_maskstore_ps(p, first(n), v.low);
    _mm256_maskstore_ps(p + 8, first(n - 8), v.high);
  }
  template <class T>
  static VITRAL_INLINE void store_some(T* p, Vec v, int n) {
    T lanes[kLanes];
    store(lanes, v);
    for (int i = 0; i < n && i < kLanes; ++i) p[i] = lanes[i];
  }

  static VITRAL_INLINE Vec keep(Vec v, int n, float other) {
    const __m256 others = _mm256_set1_ps(other);
    return {_mm256_blendv_ps(others, v.low, _mm256_castsi256_ps(first(n))),
            _mm256_blendv_ps(others, v.high, _mm256_castsi256_ps(first(n - 8)))};
  }

  static VITRAL_INLINE Vec add(Vec a, Vec b) { return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)}; }
  static VITRAL_INLINE Vec sub(Vec a, Vec b) { return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)}; }
  static VITRAL_INLINE Vec mul(Vec a, Vec b) { return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)}; }
  static VITRAL_INLINE Vec div(Vec a, Vec b) { return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)}; }
  static VITRAL_INLINE Vec max(Vec a, Vec b) { return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)}; }
  static VITRAL_INLINE Vec min(Vec a, Vec b) { return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)}; }
  static VITRAL_INLINE Vec fma(Vec a, Vec b, Vec c) {
    return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
  }

  static VITRAL_INLINE float reduce_add(Vec v) {
    const __m256 eight = _mm256_add_ps(v.low, v.high);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  /// to[i] = what v[i] folds to.
  static VITRAL_INLINE void reduce_add(const Vec (&v)[4], float* to) { fold_four<Add>(v, to); }
  static VITRAL_INLINE void reduce_max(const Vec (&v)[4], float* to) { fold_four<Max>(v, to); }

  template <int kDegree = 5>
  static VITRAL_INLINE Vec exp2(Vec t) {
    const Vec clamped = max(broadcast(-127.0F), t);  // in this order, what is no number stays none
    const Vec whole = {_mm256_floor_ps(clamped.low), _mm256_floor_ps(clamped.high)};
    const Vec power = exp2_polynomial<Avx2, kDegree>(sub(clamped, whole));
    return {_mm256_mul_ps(power.low, power_of_two(whole.low)), _mm256_mul_ps(power.high, power_of_two(whole.high))};
  }

  static VITRAL_INLINE void transpose(Vec (&rows)[kLanes]) {
    __m256 quarter[4][8];
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) {
      quarter[0][i] = rows[i].low;
      quarter[1][i] = rows[i + 8].low;
      quarter[2][i] = rows[i].high;
      quarter[3][i] = rows[i + 8].high;
    }
#pragma GCC unroll 4
    for (auto& block : quarter) transpose_eight(block);
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) {
      rows[i] = {quarter[0][i], quarter[1][i]};
      rows[i + 8] = {quarter[2][i], quarter[3][i]};
    }
  }

 private:
  struct Add {
    static VITRAL_INLINE __m256 of(__m256 a, __m256 b) { return _mm256_add_ps(a, b); }
    static VITRAL_INLINE __m128 of(__m128 a, __m128 b) { return _mm_add_ps(a, b); }
  };
  struct Max {
    static VITRAL_INLINE __m256 of(__m256 a, __m256 b) { return _mm256_max_ps(a, b); }
    static VITRAL_INLINE __m128 of(__m128 a, __m128 b) { return _mm_max_ps(a, b); }
  };

  /// Interleaves while it folds: four vectors cost little more than one.
  template <class Op>
  static VITRAL_INLINE void fold_four(const Vec (&v)[4], float* to) {
    const auto fold_two = [](const Vec& a, const Vec& b) __attribute__((always_inline)) {
      const __m256 x = Op::of(a.low, a.high);
      const __m256 y = Op::of(b.low, b.high);
      return _mm256_castps_pd(Op::of(_mm256_unpacklo_ps(x, y), _mm256_unpackhi_ps(x, y)));
    };
    const __m256d ab = fold_two(v[0], v[1]);
    const __m256d cd = fold_two(v[2], v[3]);
    const __m256 abcd =
        Op::of(_mm256_castpd_ps(_mm256_unpacklo_pd(ab, cd)), _mm256_castpd_ps(_mm256_unpackhi_pd(ab, cd)));
    _mm_storeu_ps(to, Op::of(_mm256_castps256_ps128(abcd), _mm256_extractf128_ps(abcd, 1)));
  }

  /// 2^n for whole n from -127 (which gives 0) to 127.
  static VITRAL_INLINE __m256 power_of_two(__m256 n) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23));
  }

  static VITRAL_INLINE void transpose_eight(__m256 (&r)[8]) {
    __m256 quads[8];
#pragma GCC unroll 2
    for (int g = 0; g < 8; g += 4) {
      const __m256 low01 = _mm256_unpacklo_ps(r[g], r[g + 1]);
      const __m256 high01 = _mm256_unpackhi_ps(r[g], r[g + 1]);
      const __m256 low23 = _mm256_unpacklo_ps(r[g + 2], r[g + 3]);
      const __m256 high23 = _mm256_unpackhi_ps(r[g + 2], r[g + 3]);
      quads[g] = _mm256_shuffle_ps(low01, low23, 0x44);
      quads[g + 1] = _mm256_shuffle_ps(low01, low23, 0xee);
      quads[g + 2] = _mm256_shuffle_ps(high01, high23, 0x44);
      quads[g + 3] = _mm256_shuffle_ps(high01, high23, 0xee);
    }
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) {
      r[c] = _mm256_permute2f128_ps(quads[c], quads[4 + c], 0x20);
      r[4 + c] = _mm256_permute2f128_ps(quads[c], quads[4 + c], 0x31);
    }
  }
};

}  // namespace
}  // namespace vitral::kernels
