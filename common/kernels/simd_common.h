/// What the sixteen-lane vector types of simd_portable.h, simd_avx2.h and simd_avx512.h share.
///
/// Files compiled for an instruction set include nothing that leaves out-of-line copies of inline functions behind
/// (no standard containers or algorithms), and everything here has internal linkage: otherwise the linker may pick the
/// copy that an older processor cannot run.
#pragma once

#include "common/kernels/dtype.h"

namespace vitral::kernels {
namespace {

constexpr int kLanes = 16;

VITRAL_INLINE int smaller(std::int64_t a, std::int64_t b) {
  return static_cast<int>(a < b ? a : b);
}
VITRAL_INLINE constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// 2^f for f in [0, 1): minimax polynomials (Remez) that are 1 at 0. Relative errors with rounding: 8.6e-5 for degree 3
/// (a twentieth of bf16's rounding), 1.5e-7 for degree 5.
template <int kDegree>
struct Exp2Polynomial;

template <>
struct Exp2Polynomial<3> {
  static constexpr float kCoefficients[] = {7.706703991e-02F, 2.276449949e-01F, 6.951167583e-01F, 1.0F};
};

template <>
struct Exp2Polynomial<5> {
  static constexpr float kCoefficients[] = {1.867130050e-03F, 9.017030708e-03F, 5.579991266e-02F,
                                            2.401644439e-01F, 6.931512952e-01F, 1.0F};
};

template <class S, int kDegree>
VITRAL_INLINE typename S::Vec exp2_polynomial(typename S::Vec f) {
  constexpr auto& kCoefficients = Exp2Polynomial<kDegree>::kCoefficients;
  auto p = S::broadcast(kCoefficients[0]);
#pragma GCC unroll 5
  for (int i = 1; i <= kDegree; ++i) p = S::fma(p, f, S::broadcast(kCoefficients[i]));
  return p;
}

}  // namespace
}  // namespace vitral::kernels
