/// Activation functions, over arrays for places where no product can take them in.
#pragma once

#include <cstdint>

#include "common/kernels/cpu.h"
#include "common/kernels/dtype.h"

namespace vitral::kernels {

enum class Activation {
  none,
  relu,   ///< max(x, 0)
  relu6,  ///< min(max(x, 0), 6)
  gelu,   ///< x * Phi(x), the exact form (Hendrycks & Gimpel 2016); in fp32 within 1e-7 and a rounding
  silu,   ///< x / (1 + exp(-x)) (Elfwing et al. 2017)
};

/// out[i] = f(x[i]) for i in [0, count); `out` may be `x`.
void activate(Activation function, DType dtype, const void* x, void* out, std::int64_t count,
              const CpuFeatures& cpu = this_cpu().features);

/// The plain twins, in double precision.
double activate_reference(Activation function, double x);
void activate_reference(Activation function, DType dtype, const void* x, void* out, std::int64_t count);

}  // namespace vitral::kernels
