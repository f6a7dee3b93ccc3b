/// A part of a row to which a team adds the bias and applies the activation.
#pragma once

#include <cmath>

#include "common/core/error.h"
#include "common/kernels/cuda/activation.h"
#include "common/kernels/cuda/team.h"

namespace vitral::kernels::cuda {
namespace {

/// The comparisons let through what is no number.
VITRAL_INLINE float activated(Activation function, float x) {
  switch (function) {
    case Activation::none:
      break;
    case Activation::relu:
      return x < 0 ? 0.0F : x;
    case Activation::relu6:
      return x < 0 ? 0.0F : x > 6 ? 6.0F : x;
    case Activation::gelu:
      return 0.5F * x * (1.0F + ::erff(x * 0.70710678118654752F));
    case Activation::silu:
      return x / (1.0F + ::expf(-x));
  }
  return x;
}

/// N neighbours that are read and written at once.
template <class T, int N>
struct alignas(N * sizeof(T)) Neighbours {
  T of[N];
};

/// A row is cut, so that one long row keeps many teams busy. N: neighbours that a thread does together, into which
/// width and strides are divisible and to which pointers are aligned.
template <class T, int N>
struct ActivationPart {
  static constexpr std::int64_t kWidth = 256;
  BiasActivationArgs args;

  VITRAL_INLINE std::int64_t parts() const { return (args.width + kWidth - 1) / kWidth; }
  VITRAL_INLINE std::int64_t count() const { return args.rows * parts(); }

  template <class Team>
  VITRAL_INLINE void operator()(const Team& team, std::int64_t place) const {
    const std::int64_t row = place / parts(), begin = place % parts() * kWidth;
    const std::int64_t width = args.width - begin < kWidth ? args.width - begin : kWidth;
    const T* input = static_cast<const T*>(args.input) + row * args.input_stride + begin;
    const T* residual = static_cast<const T*>(args.residual);
    if (residual != nullptr) residual += row * args.residual_stride + begin;
    const T* bias = static_cast<const T*>(args.bias);
    if (bias != nullptr) bias += begin;
    T* out = static_cast<T*>(args.out) + row * args.out_stride + begin;
    team.for_each(width / N, [&](std::int64_t group) VITRAL_INLINE_LAMBDA {
      const std::int64_t at = group * N;
      Neighbours<T, N> x = neighbours(input + at), shift = {}, tail = {};
      if (residual != nullptr) tail = neighbours(residual + at);
      if (bias != nullptr) shift = neighbours(bias + at);
      for (int i = 0; i < N; ++i) {
        const float sum = to_float(x.of[i]) + to_float(shift.of[i]) + to_float(tail.of[i]);
        x.of[i] = from_float<T>(activated(args.function, sum));
      }
      *reinterpret_cast<Neighbours<T, N>*>(out + at) = x;
    });
  }

 private:
  VITRAL_INLINE static Neighbours<T, N> neighbours(const T* from) {
    return *reinterpret_cast<const Neighbours<T, N>*>(from);
  }
};

/// Whether N neighbours of `size` bytes can be done together: rows that begin at `data` and lie `stride` apart.
inline bool divisible(const void* data, std::int64_t stride, std::int64_t n, std::int64_t size) {
  return stride % n == 0 && reinterpret_cast<std::uintptr_t>(data) % static_cast<std::uintptr_t>(n * size) == 0;
}

/// f(the function of this number format), of arguments that it checks.
template <class F>
void with_part(const BiasActivationArgs& args, const F& f) {
  if (args.rows < 0 || args.width < 0 || args.input == nullptr || args.out == nullptr) {
    throw Error(ErrorKind::failed, "bias and activation", "a size is negative or an operand is missing");
  }
  with_number(args.dtype, [&](auto number) {
    using T = decltype(number);
    constexpr int kAtOnce = 4;
    const std::int64_t size = sizeof(T);
    const bool together = args.width % kAtOnce == 0 && divisible(args.input, args.input_stride, kAtOnce, size) &&
                          divisible(args.residual, args.residual_stride, kAtOnce, size) &&
                          divisible(args.bias, 0, kAtOnce, size) && divisible(args.out, args.out_stride, kAtOnce, size);
    if (together) return f(ActivationPart<T, kAtOnce>{args});
    f(ActivationPart<T, 1>{args});
  });
}

}  // namespace
}  // namespace vitral::kernels::cuda
