/// What AVX2 and AVX-512 share.
#pragma once

#include <immintrin.h>

#include "common/kernels/simd_common.h"

namespace vitral::kernels {
namespace {

/// While it lives, subnormal results and operands are zero on this thread: a mask of -100 makes probabilities of 4e-44,
/// and some processors take a hundred cycles for each product with one.
class FlushSubnormals {
 public:
  VITRAL_INLINE FlushSubnormals() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | kFlushToZero | kDenormalsAreZero); }
  VITRAL_INLINE ~FlushSubnormals() { _mm_setcsr(saved_); }
  FlushSubnormals(const FlushSubnormals&) = delete;
  FlushSubnormals& operator=(const FlushSubnormals&) = delete;

 private:
  static constexpr unsigned kFlushToZero = 0x8000;
  static constexpr unsigned kDenormalsAreZero = 0x40;
  unsigned saved_;
};

}  // namespace
}  // namespace vitral::kernels
