/// Products of bf16 pairs with fp32 sums (vdpbf16ps): the arithmetic that attention uses for bf16 operands.
#pragma once

#include <cstring>

#include "common/kernels/simd_avx512.h"

namespace vitral::kernels {
namespace {

/// AVX-512 with the processor's own rounding to bf16.
struct Avx512Bf16 : Avx512 {
  using Avx512::store;
  using Avx512::store_some;
  static VITRAL_INLINE __m256i narrow(Vec v) { return bits(_mm512_cvtneps_pbh(v)); }
  static VITRAL_INLINE void store(Bf16* p, Vec v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), narrow(v)); }
  static VITRAL_INLINE void store_some(Bf16* p, Vec v, int n) { _mm256_mask_storeu_epi16(p, first(n), narrow(v)); }

 private:
  static VITRAL_INLINE __m256i bits(__m256bh x) { return __builtin_bit_cast(__m256i, x); }
};

/// A unit is a pair of neighbours along the summed dimension: two features of a key, or one feature of two keys.
struct Bf16Arithmetic {
  using Simd = Avx512Bf16;
  using Vec = Simd::Vec;
  using Units = __m512bh;
  static constexpr int kPerUnit = 2;
  static constexpr int kExpDegree = 3;  ///< probabilities are rounded to bf16

  static VITRAL_INLINE Units load(const float* units) { return pairs(_mm512_loadu_si512(units)); }
  static VITRAL_INLINE Units broadcast(const float* unit) {
    std::int32_t pair;
    __builtin_memcpy(&pair, unit, sizeof pair);
    return pairs(_mm512_set1_epi32(pair));
  }
  static VITRAL_INLINE Vec multiply_add(Units a, Units b, Vec sum) { return _mm512_dpbf16_ps(sum, a, b); }

  static VITRAL_INLINE Vec row_units(const Bf16* p, int n) {
    if (n >= 2 * kLanes) return _mm512_castsi512_ps(_mm512_loadu_si512(p));
    const __mmask32 mask = (1U << n) - 1U;
    return _mm512_castsi512_ps(_mm512_maskz_loadu_epi16(mask, p));
  }
  static VITRAL_INLINE Vec column_units(const Bf16* const (&rows)[2], std::int64_t offset, int n) {
    const __m512i even = _mm512_cvtepu16_epi32(sixteen(rows[0] + offset, n));
    const __m512i odd = _mm512_slli_epi32(_mm512_cvtepu16_epi32(sixteen(rows[1] + offset, n)), 16);
    return _mm512_castsi512_ps(_mm512_or_si512(even, odd));
  }
  static VITRAL_INLINE void store_row(float* units, int i, Vec v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(units + i / kPerUnit), Simd::narrow(v));
  }

 private:
  static VITRAL_INLINE Units pairs(__m512i x) { return __builtin_bit_cast(__m512bh, x); }
  static VITRAL_INLINE __m256i sixteen(const Bf16* p, int n) { return _mm256_maskz_loadu_epi16(Simd::first(n), p); }
};

}  // namespace
}  // namespace vitral::kernels
