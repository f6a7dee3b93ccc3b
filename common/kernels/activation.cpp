#include "common/kernels/activation.h"

#include <cmath>

#include "common/kernels/element.h"
#include "common/kernels/isa.h"

namespace vitral::kernels {

void activate(Activation function, DType dtype, const void* x, void* out, std::int64_t count, const CpuFeatures& cpu) {
  choose_isa(dtype, cpu).activate(function, dtype, x, out, count);
}

double activate_reference(Activation function, double x) {
  switch (function) {
    case Activation::none:
      break;
    case Activation::relu:
      return x < 0 ? 0 : x;
    case Activation::relu6:
      return x < 0 ? 0 : x > 6 ? 6 : x;
    case Activation::gelu:
      return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
    case Activation::silu:
      return x / (1 + std::exp(-x));
  }
  return x;
}

void activate_reference(Activation function, DType dtype, const void* x, void* out, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i)
    set_element(out, dtype, i, activate_reference(function, element(x, dtype, i)));
}

}  // namespace vitral::kernels
