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

/// A row is cut, so that one long row keeps many teams busy.
template <class T>
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
    const float* bias = args.bias != nullptr ? args.bias + begin : nullptr;
    T* out = static_cast<T*>(args.out) + row * args.out_stride + begin;
    team.for_each(width, [&](std::int64_t i) VITRAL_INLINE_LAMBDA {
      const float x = to_float(input[i]) + (bias != nullptr ? bias[i] : 0.0F);
      out[i] = from_float<T>(activated(args.function, x));
    });
  }
};

/// f(the function of this number format), of arguments that it checks.
template <class F>
void with_part(const BiasActivationArgs& args, const F& f) {
  if (args.rows < 0 || args.width < 0 || args.input == nullptr || args.out == nullptr) {
    throw Error(ErrorKind::failed, "bias and activation", "a size is negative or an operand is missing");
  }
  with_number(args.dtype, [&](auto number) { f(ActivationPart<decltype(number)>{args}); });
}

}  // namespace
}  // namespace vitral::kernels::cuda
