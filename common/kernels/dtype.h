/// Number formats that the kernels read and write, with their scalar conversions.
#pragma once

#include <cstdint>

/// Functions that files compiled for different processors share must not exist out of line: the linker would keep one.
/// GPUs are such processors.
#ifdef __CUDACC__
#define VITRAL_INLINE __host__ __device__ __forceinline__
#define VITRAL_INLINE_LAMBDA  // inherits what it is called in
#else
#define VITRAL_INLINE __attribute__((always_inline)) inline
#define VITRAL_INLINE_LAMBDA __attribute__((always_inline))
#endif

namespace vitral::kernels {

VITRAL_INLINE float as_float(std::uint32_t bits) {
  return __builtin_bit_cast(float, bits);
}
VITRAL_INLINE std::uint32_t as_bits(float x) {
  return __builtin_bit_cast(std::uint32_t, x);
}

enum class DType { f32, bf16, f16 };

/// Upper half of an IEEE single.
struct Bf16 {
  std::uint16_t bits;
};

/// IEEE half.
struct Half {
  std::uint16_t bits;
};

VITRAL_INLINE float to_float(float x) {
  return x;
}

VITRAL_INLINE float to_float(Bf16 x) {
  return as_float(static_cast<std::uint32_t>(x.bits) << 16);
}

VITRAL_INLINE float to_float(Half x) {
  const std::uint32_t sign = static_cast<std::uint32_t>(x.bits & 0x8000U) << 16;
  const std::uint32_t rest = x.bits & 0x7fffU;
  if (rest >= 0x7c00U) return as_float(sign | 0x7f800000U | rest << 13);  // infinite or no number
  if (rest < 0x0400U) {                                                   // zero or subnormal
    return as_float(sign | as_bits(static_cast<float>(rest) * 0x1p-24F));
  }
  return as_float(sign | ((rest << 13) + (112U << 23)));
}

/// Rounds to nearest, ties to even, as the hardware conversions do.
template <class T>
T from_float(float x);

template <>
VITRAL_INLINE float from_float<float>(float x) {
  return x;
}

template <>
VITRAL_INLINE Bf16 from_float<Bf16>(float x) {
  const auto bits = as_bits(x);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return {static_cast<std::uint16_t>(bits >> 16 | 0x40U)};
  return {static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16)};
}

template <>
VITRAL_INLINE Half from_float<Half>(float x) {
  const auto bits = as_bits(x);
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000U);
  const std::uint32_t rest = bits & 0x7fffffffU;
  const auto make = [sign](std::uint32_t value) { return Half{static_cast<std::uint16_t>(sign | value)}; };
  if (rest > 0x7f800000U) return make(0x7e00U | (rest >> 13 & 0x3ffU));  // no number
  if (rest >= 0x477ff000U) return make(0x7c00U);                         // rounds beyond 65504
  if (rest < 0x38800000U) {                                              // subnormal: let the addition round
    const float shifted = as_float(rest) + 0.5F;
    return make(as_bits(shifted) - as_bits(0.5F));
  }
  return make((rest + 0xfffU + (rest >> 13 & 1U) - (112U << 23)) >> 13);
}

}  // namespace vitral::kernels
