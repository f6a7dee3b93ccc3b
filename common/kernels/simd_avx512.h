/// Sixteen fp32 lanes in one AVX-512 register. What each function means: simd_portable.h.
#pragma once

#include "common/kernels/simd_x86.h"

namespace vitral::kernels {
namespace {

struct Avx512 {
  using Vec = __m512;
  using Guard = FlushSubnormals;
  static constexpr int kMaxPanels = 4;

  static VITRAL_INLINE __mmask16 first(int n) { return static_cast<__mmask16>((1U << (n < 16 ? n : 16)) - 1U); }

  static VITRAL_INLINE Vec broadcast(float x) { return _mm512_set1_ps(x); }

  static VITRAL_INLINE Vec widen(Bf16, __m256i x) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16));
  }
  static VITRAL_INLINE Vec widen(Half, __m256i x) { return _mm512_cvtph_ps(x); }

  static VITRAL_INLINE Vec load(const float* p) { return _mm512_loadu_ps(p); }
  template <class T>
  static VITRAL_INLINE Vec load(const T* p) {
    return widen(T{}, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static VITRAL_INLINE Vec load_some(const float* p, int n) { return _mm512_maskz_loadu_ps(first(n), p); }
  template <class T>
  static VITRAL_INLINE Vec load_some(const T* p, int n) {
    return widen(T{}, _mm256_maskz_loadu_epi16(first(n), p));
  }

  /// Rounds to nearest even without the bf16 instructions; what is no number stays none.
  static VITRAL_INLINE __m256i narrow(Bf16, Vec v) {
    const __m512i bits = _mm512_castps_si512(v);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, odd), _mm512_set1_epi32(0x7fff));
    const __mmask16 unordered = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
    const __m512i quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_mask_mov_epi32(rounded, unordered, quiet), 16));
  }
  static VITRAL_INLINE __m256i narrow(Half, Vec v) { return _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT); }

  static VITRAL_INLINE void store(float* p, Vec v) { _mm512_storeu_ps(p, v); }
  template <class T>
  static VITRAL_INLINE void store(T* p, Vec v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), narrow(T{}, v));
  }
  static VITRAL_INLINE void store_some(float* p, Vec v, int n) { _mm512_mask_storeu_ps(p, first(n), v); }
  template <class T>
  static VITRAL_INLINE void store_some(T* p, Vec v, int n) {
    _mm256_mask_storeu_epi16(p, first(n), narrow(T{}, v));
  }

  static VITRAL_INLINE Vec keep(Vec v, int n, float other) {
    return _mm512_mask_mov_ps(_mm512_set1_ps(other), first(n), v);
  }

  static VITRAL_INLINE Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
  static VITRAL_INLINE Vec sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
  static VITRAL_INLINE Vec mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
  static VITRAL_INLINE Vec div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
  static VITRAL_INLINE Vec max(Vec a, Vec b) { return _mm512_max_ps(a, b); }
  static VITRAL_INLINE Vec min(Vec a, Vec b) { return _mm512_min_ps(a, b); }
  static VITRAL_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
  static VITRAL_INLINE float reduce_add(Vec v) { return _mm512_reduce_add_ps(v); }
  /// to[i] = what v[i] folds to.
  static VITRAL_INLINE void reduce_add(const Vec (&v)[4], float* to) { fold_four<Add>(v, to); }
  static VITRAL_INLINE void reduce_max(const Vec (&v)[4], float* to) { fold_four<Max>(v, to); }

  template <int kDegree = 5>
  static VITRAL_INLINE Vec exp2(Vec t) {
    constexpr int kMinusFloor = 1;  // reduce: t - floor(t), and 0 for infinities; scalef: times 2^floor(t)
    return _mm512_scalef_ps(exp2_polynomial<Avx512, kDegree>(_mm512_reduce_ps(t, kMinusFloor)), t);
  }

  static VITRAL_INLINE void transpose(Vec (&rows)[kLanes]) {
    Vec quads[kLanes];  // quads[4 g + c]: column c of each group of four, from rows 4 g to 4 g + 3
#pragma GCC unroll 4
    for (int g = 0; g < kLanes; g += 4) transpose_quads(rows + g, quads + g);
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) {
      const Vec low01 = _mm512_shuffle_f32x4(quads[c], quads[4 + c], 0x44);
      const Vec high01 = _mm512_shuffle_f32x4(quads[c], quads[4 + c], 0xee);
      const Vec low23 = _mm512_shuffle_f32x4(quads[8 + c], quads[12 + c], 0x44);
      const Vec high23 = _mm512_shuffle_f32x4(quads[8 + c], quads[12 + c], 0xee);
      rows[c] = _mm512_shuffle_f32x4(low01, low23, 0x88);
      rows[4 + c] = _mm512_shuffle_f32x4(low01, low23, 0xdd);
      rows[8 + c] = _mm512_shuffle_f32x4(high01, high23, 0x88);
      rows[12 + c] = _mm512_shuffle_f32x4(high01, high23, 0xdd);
    }
  }

 private:
  struct Add {
    static VITRAL_INLINE __m512 of(__m512 a, __m512 b) { return _mm512_add_ps(a, b); }
    static VITRAL_INLINE __m256 of(__m256 a, __m256 b) { return _mm256_add_ps(a, b); }
    static VITRAL_INLINE __m128 of(__m128 a, __m128 b) { return _mm_add_ps(a, b); }
  };
  struct Max {
    static VITRAL_INLINE __m512 of(__m512 a, __m512 b) { return _mm512_max_ps(a, b); }
    static VITRAL_INLINE __m256 of(__m256 a, __m256 b) { return _mm256_max_ps(a, b); }
    static VITRAL_INLINE __m128 of(__m128 a, __m128 b) { return _mm_max_ps(a, b); }
  };

  /// Interleaves while it folds: four vectors cost little more than one.
  template <class Op>
  static VITRAL_INLINE void fold_four(const Vec (&v)[4], float* to) {
    const __m512d ab = _mm512_castps_pd(Op::of(_mm512_unpacklo_ps(v[0], v[1]), _mm512_unpackhi_ps(v[0], v[1])));
    const __m512d cd = _mm512_castps_pd(Op::of(_mm512_unpacklo_ps(v[2], v[3]), _mm512_unpackhi_ps(v[2], v[3])));
    const __m512 abcd =
        Op::of(_mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd)), _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd)));
    const __m256 half = Op::of(_mm512_castps512_ps256(abcd), _mm512_extractf32x8_ps(abcd, 1));
    _mm_storeu_ps(to, Op::of(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1)));
  }

  /// Four 4 x 4 transpositions, one in each 128-bit quarter.
  static VITRAL_INLINE void transpose_quads(const Vec* rows, Vec* columns) {
    const __m512d low01 = _mm512_castps_pd(_mm512_unpacklo_ps(rows[0], rows[1]));
    const __m512d high01 = _mm512_castps_pd(_mm512_unpackhi_ps(rows[0], rows[1]));
    const __m512d low23 = _mm512_castps_pd(_mm512_unpacklo_ps(rows[2], rows[3]));
    const __m512d high23 = _mm512_castps_pd(_mm512_unpackhi_ps(rows[2], rows[3]));
    columns[0] = _mm512_castpd_ps(_mm512_unpacklo_pd(low01, low23));
    columns[1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low01, low23));
    columns[2] = _mm512_castpd_ps(_mm512_unpacklo_pd(high01, high23));
    columns[3] = _mm512_castpd_ps(_mm512_unpackhi_pd(high01, high23));
  }
};

}  // namespace
}  // namespace vitral::kernels
