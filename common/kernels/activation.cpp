#include "common/kernels/activation.h"

#include <cmath>

#include "common/kernels/element.h"
#include "common/kernels/isa.h"

namespace vitral::kernels {

void activate(Activation function, DType dtype, const void* x, void* out, std::int64_t count, const CpuFeatures& cpu) {
  choose_isa(dtype, cpu).activate(function, dtype, x, out, count);
}

void activate_reference(Activation function, DType dtype, const void* x, void* out, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const double v = element(x, dtype, i);
    const double y = function == Activation::gelu ? v * 0.5 * std::erfc(-v / std::sqrt(2.0)) : v / (1 + std::exp(-v));
    set_element(out, dtype, i, y);
  }
}

}  // namespace vitral::kernels
