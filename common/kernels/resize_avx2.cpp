// The kernels of resize.h for AVX2: weights as words of 12 and 13 bits, two products an instruction.
#include <immintrin.h>

#include "common/kernels/resize_simd.h"

namespace vitral::kernels {
namespace {

struct Avx2 {
  using V = __m256i;
  static constexpr int kBytes = 32;
  static constexpr int kWords = words_of_group(WeightDigits::words);

  VITRAL_INLINE static V zero() { return _mm256_setzero_si256(); }
  VITRAL_INLINE static V load(const void* p) { return _mm256_loadu_si256(static_cast<const V*>(p)); }
  VITRAL_INLINE static V load_aligned(const void* p) { return _mm256_load_si256(static_cast<const V*>(p)); }
  VITRAL_INLINE static void store(void* p, V v) { _mm256_storeu_si256(static_cast<V*>(p), v); }
  VITRAL_INLINE static void store_aligned(void* p, V v) { _mm256_store_si256(static_cast<V*>(p), v); }
  VITRAL_INLINE static __m128i lane(const std::uint8_t* p) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  }
  VITRAL_INLINE static V load_lanes(const std::uint8_t* const p[2]) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(lane(p[0])), lane(p[1]), 1);
  }
  template <class... Index>
  VITRAL_INLINE static V pattern(Index... index) {
    return _mm256_broadcastsi128_si256(_mm_setr_epi8(static_cast<char>(index)...));
  }
  VITRAL_INLINE static V shuffle(V v, V pattern) { return _mm256_shuffle_epi8(v, pattern); }
  VITRAL_INLINE static V unpack_low8(V a, V b) { return _mm256_unpacklo_epi8(a, b); }
  VITRAL_INLINE static V unpack_high8(V a, V b) { return _mm256_unpackhi_epi8(a, b); }
  VITRAL_INLINE static V unpack_low16(V a, V b) { return _mm256_unpacklo_epi16(a, b); }
  VITRAL_INLINE static V unpack_high16(V a, V b) { return _mm256_unpackhi_epi16(a, b); }
  VITRAL_INLINE static V unpack_low32(V a, V b) { return _mm256_unpacklo_epi32(a, b); }
  VITRAL_INLINE static V unpack_high32(V a, V b) { return _mm256_unpackhi_epi32(a, b); }
  VITRAL_INLINE static V unpack_low64(V a, V b) { return _mm256_unpacklo_epi64(a, b); }
  VITRAL_INLINE static V unpack_high64(V a, V b) { return _mm256_unpackhi_epi64(a, b); }
  VITRAL_INLINE static V pack32(V a, V b) { return _mm256_packs_epi32(a, b); }
  VITRAL_INLINE static V pack16(V a, V b) { return _mm256_packus_epi16(a, b); }

  struct Sum {
    V low = _mm256_setzero_si256(), high = _mm256_setzero_si256();
  };
  VITRAL_INLINE static V madd(V a, std::int32_t word) { return _mm256_madd_epi16(a, _mm256_set1_epi32(word)); }
  VITRAL_INLINE static void add(Sum& sum, V inputs, const std::int32_t* words) {
    const V even = _mm256_and_si256(inputs, _mm256_set1_epi32(0x00FF00FF));
    const V odd = _mm256_srli_epi16(inputs, 8);
    sum.low = _mm256_add_epi32(sum.low, _mm256_add_epi32(madd(even, words[0]), madd(odd, words[1])));
    sum.high = _mm256_add_epi32(sum.high, _mm256_add_epi32(madd(even, words[2]), madd(odd, words[3])));
  }
  VITRAL_INLINE static V total(const Sum& sum) {
    const V low = _mm256_add_epi32(sum.low, _mm256_set1_epi32(1 << 21));
    return _mm256_srai_epi32(_mm256_add_epi32(_mm256_slli_epi32(sum.high, 12), low), 22);
  }

  VITRAL_INLINE static __m256 to_float(V v) { return _mm256_cvtepi32_ps(v); }
  VITRAL_INLINE static __m256 subtract(__m256 a, float b) { return _mm256_sub_ps(a, _mm256_set1_ps(b)); }
  VITRAL_INLINE static void store_float(float* p, __m256 v) { _mm256_storeu_ps(p, v); }

  /// Division by a constant, correctly rounded without dividing (Markstein 1990).
  struct Divisor {
    __m256 divisor, reciprocal;
    VITRAL_INLINE explicit Divisor(float d) : divisor(_mm256_set1_ps(d)), reciprocal(_mm256_set1_ps(1.0F / d)) {}
    VITRAL_INLINE __m256 quotient(__m256 x) const {
      const __m256 guess = _mm256_mul_ps(x, reciprocal);
      return _mm256_fmadd_ps(_mm256_fnmadd_ps(guess, divisor, x), reciprocal, guess);
    }
  };
};

}  // namespace

const ResizeIsa kAvx2Resize{"avx2",
                            WeightDigits::words,
                            Avx2::kBytes,
                            ResizeKernels<Avx2>::columns,
                            ResizeKernels<Avx2>::rows,
                            ResizeKernels<Avx2>::normalize};

}  // namespace vitral::kernels
