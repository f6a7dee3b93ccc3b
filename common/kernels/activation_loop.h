/// Activation functions, written once for every instruction set.
#pragma once

#include "common/kernels/activation.h"
#include "common/kernels/simd_common.h"

namespace vitral::kernels {
namespace {

/// max(x, 0) - |x| Q(|x|), where Q(z), the normal distribution beyond z, is exp(-z^2 / 2) times a polynomial in
/// 1 / (1 + 0.28 z) (the form of Hastings 1955; coefficients by weighted least squares against a 40-digit erfc).
/// Nothing cancels: apart from the rounding of the result the error stays below 7e-8.
template <class S>
VITRAL_INLINE typename S::Vec gelu(typename S::Vec x) {
  static constexpr float kCoefficients[] = {-1.070314855e-01F, 3.949221331e-01F, -2.452727711e-01F,
                                            2.756538897e-01F,  6.476942356e-02F, 1.169587923e-01F};
  const auto zero = S::broadcast(0.0F);
  const auto one = S::broadcast(1.0F);
  const auto z = S::min(S::broadcast(40.0F), S::max(x, S::sub(zero, x)));  // beyond 14 Q is zero
  const auto t = S::div(one, S::fma(z, S::broadcast(0.28F), one));
  auto p = S::broadcast(kCoefficients[0]);
#pragma GCC unroll 5
  for (int i = 1; i < 6; ++i) p = S::fma(p, t, S::broadcast(kCoefficients[i]));
  constexpr float kMinusHalfLog2E = -0.72134752044448170368F;
  const auto bell = S::template exp2<>(S::mul(S::mul(z, z), S::broadcast(kMinusHalfLog2E)));
  return S::sub(S::max(zero, x), S::mul(S::mul(S::mul(p, t), bell), z));
}

template <class S>
VITRAL_INLINE typename S::Vec silu(typename S::Vec x) {
  constexpr float kMinusLog2E = -1.44269504088896340736F;
  const auto t = S::min(S::broadcast(126.0F), S::mul(x, S::broadcast(kMinusLog2E)));
  return S::div(x, S::add(S::broadcast(1.0F), S::template exp2<>(t)));
}

template <class S, class T, class F>
VITRAL_INLINE void map_array(const T* x, T* out, std::int64_t count, F f) {
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) S::store(out + i, f(S::load(x + i)));
  const int left = static_cast<int>(count - i);
  if (left > 0) S::store_some(out + i, f(S::load_some(x + i, left)), left);
}

template <class S, class T>
void activate_array(Activation function, const T* x, T* out, std::int64_t count) {
  using Vec = typename S::Vec;
  switch (function) {
    case Activation::none:
      return map_array<S>(
          x, out, count, [](Vec v) __attribute__((always_inline)) { return v; });
    case Activation::relu:
      return map_array<S>(
          x, out, count, [](Vec v) __attribute__((always_inline)) { return S::max(S::broadcast(0.0F), v); });
    case Activation::relu6:
      return map_array<S>(
          x, out, count, [](Vec v) __attribute__((always_inline)) {
            return S::min(S::broadcast(6.0F), S::max(S::broadcast(0.0F), v));
          });
    case Activation::gelu:
      return map_array<S>(
          x, out, count, [](Vec v) __attribute__((always_inline)) { return gelu<S>(v); });
    case Activation::silu:
      return map_array<S>(
          x, out, count, [](Vec v) __attribute__((always_inline)) { return silu<S>(v); });
  }
}

template <class S>
void activate_any(Activation function, DType dtype, const void* x, void* out, std::int64_t count) {
  switch (dtype) {
    case DType::f32:
      return activate_array<S>(function, static_cast<const float*>(x), static_cast<float*>(out), count);
    case DType::bf16:
      return activate_array<S>(function, static_cast<const Bf16*>(x), static_cast<Bf16*>(out), count);
    case DType::f16:
      return activate_array<S>(function, static_cast<const Half*>(x), static_cast<Half*>(out), count);
  }
}

}  // namespace
}  // namespace vitral::kernels
