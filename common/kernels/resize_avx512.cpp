// The kernels of resize.h for AVX-512 with VNNI: weights as three signed bytes, four products an instruction.
#include <immintrin.h>

#include "common/kernels/resize_simd.h"

namespace vitral::kernels {
namespace {

struct Avx512 {
  using V = __m512i;
  static constexpr int kBytes = 64;
  static constexpr int kWords = words_of_group(WeightDigits::bytes);

  VITRAL_INLINE static V zero() { return _mm512_setzero_si512(); }
  VITRAL_INLINE static V load(const void* p) { return _mm512_loadu_si512(p); }
  VITRAL_INLINE static V load_aligned(const void* p) { return _mm512_load_si512(p); }
  VITRAL_INLINE static void store(void* p, V v) { _mm512_storeu_si512(p, v); }
  VITRAL_INLINE static void store_aligned(void* p, V v) { _mm512_store_si512(p, v); }
  VITRAL_INLINE static __m128i lane(const std::uint8_t* p) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  }
  VITRAL_INLINE static V load_lanes(const std::uint8_t* const p[4]) {
    const __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(lane(p[0])), lane(p[1]), 1);
    const __m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(lane(p[2])), lane(p[3]), 1);
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
  }
  template <class... Index>
  VITRAL_INLINE static V pattern(Index... index) {
    return _mm512_broadcast_i32x4(_mm_setr_epi8(static_cast<char>(index)...));
  }
  VITRAL_INLINE static V shuffle(V v, V pattern) { return _mm512_shuffle_epi8(v, pattern); }
  VITRAL_INLINE static V unpack_low8(V a, V b) { return _mm512_unpacklo_epi8(a, b); }
  VITRAL_INLINE static V unpack_high8(V a, V b) { return _mm512_unpackhi_epi8(a, b); }
  VITRAL_INLINE static V unpack_low16(V a, V b) { return _mm512_unpacklo_epi16(a, b); }
  VITRAL_INLINE static V unpack_high16(V a, V b) { return _mm512_unpackhi_epi16(a, b); }
  VITRAL_INLINE static V unpack_low32(V a, V b) { return _mm512_unpacklo_epi32(a, b); }
  VITRAL_INLINE static V unpack_high32(V a, V b) { return _mm512_unpackhi_epi32(a, b); }
  VITRAL_INLINE static V unpack_low64(V a, V b) { return _mm512_unpacklo_epi64(a, b); }
  VITRAL_INLINE static V unpack_high64(V a, V b) { return _mm512_unpackhi_epi64(a, b); }
  VITRAL_INLINE static V pack32(V a, V b) { return _mm512_packs_epi32(a, b); }
  VITRAL_INLINE static V pack16(V a, V b) { return _mm512_packus_epi16(a, b); }

  struct Sum {
    V digit[3] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
  };
  VITRAL_INLINE static void add(Sum& sum, V inputs, const std::int32_t* words) {
    for (int d = 0; d < 3; ++d) sum.digit[d] = _mm512_dpbusd_epi32(sum.digit[d], inputs, _mm512_set1_epi32(words[d]));
  }
  VITRAL_INLINE static V total(const Sum& sum) {
    const V high = _mm512_add_epi32(_mm512_slli_epi32(sum.digit[2], 16), _mm512_slli_epi32(sum.digit[1], 8));
    const V low = _mm512_add_epi32(sum.digit[0], _mm512_set1_epi32(1 << 21));
    return _mm512_srai_epi32(_mm512_add_epi32(high, low), 22);
  }

  VITRAL_INLINE static __m512 to_float(V v) { return _mm512_cvtepi32_ps(v); }
  VITRAL_INLINE static __m512 subtract(__m512 a, float b) { return _mm512_sub_ps(a, _mm512_set1_ps(b)); }
  VITRAL_INLINE static void store_float(float* p, __m512 v) { _mm512_storeu_ps(p, v); }

  /// Division by a constant, correctly rounded without dividing (Markstein 1990).
  struct Divisor {
    __m512 divisor, reciprocal;
    VITRAL_INLINE explicit Divisor(float d) : divisor(_mm512_set1_ps(d)), reciprocal(_mm512_set1_ps(1.0F / d)) {}
    VITRAL_INLINE __m512 quotient(__m512 x) const {
      const __m512 guess = _mm512_mul_ps(x, reciprocal);
      return _mm512_fmadd_ps(_mm512_fnmadd_ps(guess, divisor, x), reciprocal, guess);
    }
  };
};

}  // namespace

const ResizeIsa kAvx512Resize{"avx512_vnni",
                              WeightDigits::bytes,
                              Avx512::kBytes,
                              ResizeKernels<Avx512>::columns,
                              ResizeKernels<Avx512>::rows,
                              ResizeKernels<Avx512>::normalize};

}  // namespace vitral::kernels
