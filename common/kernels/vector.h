/// The two operations on short vectors that word2vec consists of.
#pragma once

#include <cstdint>

#include "common/kernels/cpu.h"

namespace vitral::kernels {

struct VectorFunctions {
  /// sum of a[i] b[i], i in [0, n)
  float (*dot)(const float* a, const float* b, std::int64_t n);
  /// y[i] += scale * x[i]; the arrays do not overlap.
  void (*add_scaled)(float scale, const float* x, float* y, std::int64_t n);
};

/// The fastest that the processor can run.
const VectorFunctions& vector_functions(const CpuFeatures& cpu = this_cpu().features);

}  // namespace vitral::kernels
