#include "common/kernels/vector.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace vitral::kernels {
namespace {

float dot_plain(const float* a, const float* b, std::int64_t n) {
  float sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

void add_scaled_plain(float scale, const float* x, float* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] += scale * x[i];
}

constexpr VectorFunctions kPlain{dot_plain, add_scaled_plain};

#if defined(__x86_64__)

[[gnu::target("avx2,fma")]] float dot_avx2(const float* a, const float* b, std::int64_t n) {
  __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    low = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), low);
    high = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8), high);
  }
  const __m256 both = _mm256_add_ps(low, high);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(both), _mm256_extractf128_ps(both, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  float sum = _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  for (; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

[[gnu::target("avx2,fma")]] void add_scaled_avx2(float scale, const float* x, float* y, std::int64_t n) {
  const __m256 factor = _mm256_set1_ps(scale);
  std::int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    _mm256_storeu_ps(y + i, _mm256_fmadd_ps(factor, _mm256_loadu_ps(x + i), _mm256_loadu_ps(y + i)));
  }
  for (; i < n; ++i) y[i] += scale * x[i];
}

constexpr VectorFunctions kAvx2{dot_avx2, add_scaled_avx2};

#endif

}  // namespace

const VectorFunctions& vector_functions([[maybe_unused]] const CpuFeatures& cpu) {
#if defined(__x86_64__)
  if (cpu.avx2) return kAvx2;
#endif
  return kPlain;
}

}  // namespace vitral::kernels
