#include "common/core/assignment_scan.h"

#include <limits>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace vitral {
namespace {

using Eigen::Index;

// Infinity is neither below this nor equal to it, so a column that can't be reached never becomes the nearest.
constexpr double kLargest = std::numeric_limits<double>::max();

#if defined(__x86_64__)

__attribute__((target("avx2"))) NearestColumn scan_columns_avx2(const ColumnScan& scan) {
  const __m256d base = _mm256_set1_pd(scan.base), row_dual = _mm256_set1_pd(scan.row_dual);
  const __m256i row = _mm256_set1_epi64x(scan.row);
  __m256d nearest = _mm256_set1_pd(kLargest), nearest_at = _mm256_setzero_pd(), ties = _mm256_setzero_pd();
  __m256i at = _mm256_setr_epi64x(0, 1, 2, 3);
  for (Index col = 0; col < scan.size; col += kScanLanes, at = _mm256_add_epi64(at, _mm256_set1_epi64x(kScanLanes))) {
    const __m256d reached = _mm256_sub_pd(_mm256_add_pd(base, _mm256_loadu_pd(scan.cost + col)), row_dual);
    const __m256d through = _mm256_sub_pd(reached, _mm256_loadu_pd(scan.dual + col));
    const __m256d known = _mm256_loadu_pd(scan.distance + col);
    const __m256d shorter = _mm256_cmp_pd(through, known, _CMP_LT_OQ);
    const __m256d best = _mm256_blendv_pd(known, through, shorter);
    _mm256_storeu_pd(scan.distance + col, best);
    auto* const previous = reinterpret_cast<__m256i*>(scan.previous_row + col);
    _mm256_storeu_si256(previous, _mm256_blendv_epi8(_mm256_loadu_si256(previous), row, _mm256_castpd_si256(shorter)));
    ties = _mm256_or_pd(ties, _mm256_cmp_pd(best, nearest, _CMP_EQ_OQ));
    const __m256d nearer = _mm256_cmp_pd(best, nearest, _CMP_LT_OQ);
    nearest = _mm256_min_pd(nearest, best);
    nearest_at = _mm256_blendv_pd(nearest_at, _mm256_castsi256_pd(at), nearer);
  }
  double distance_of[kScanLanes];
  std::int64_t col_of[kScanLanes];
  _mm256_storeu_pd(distance_of, nearest);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(col_of), _mm256_castpd_si256(nearest_at));
  NearestColumn found{-1, kLargest, _mm256_movemask_pd(ties) != 0};
  for (Index lane = 0; lane < kScanLanes; ++lane) {
    found.maybe_tied |= found.col >= 0 && distance_of[lane] == found.distance;
    if (distance_of[lane] < found.distance) found.distance = distance_of[lane], found.col = col_of[lane];
  }
  return found;
}

#endif

}  // namespace

NearestColumn scan_columns_plain(const ColumnScan& scan) {
  NearestColumn found{-1, kLargest, false};
  for (Index col = 0; col < scan.size; ++col) {
    const double through = scan.base + scan.cost[col] - scan.row_dual - scan.dual[col];
    if (through < scan.distance[col]) {
      scan.distance[col] = through;
      scan.previous_row[col] = scan.row;
    }
    found.maybe_tied |= scan.distance[col] == found.distance;
    if (scan.distance[col] < found.distance) found.distance = scan.distance[col], found.col = col;
  }
  return found;
}

NearestColumn scan_columns(const ColumnScan& scan) {
#if defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2");
  if (has_avx2) return scan_columns_avx2(scan);
#endif
  return scan_columns_plain(scan);
}

}  // namespace vitral
