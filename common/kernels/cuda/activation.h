/// What stands behind a matrix product on a GPU: bias, residual and activation in one pass; see
/// common/kernels/activation.h.
#pragma once

#include "common/kernels/activation.h"
#include "common/kernels/cuda/launch.h"

namespace vitral::kernels::cuda {

/// out = f(input + bias + residual) for rows of numbers, computed in fp32. GELU is the exact form, x * Phi(x)
/// (Hendrycks & Gimpel 2016). Pointers are the GPU's; a stride counts elements from row to row.
struct BiasActivationArgs {
  Activation function = Activation::gelu;
  DType dtype = DType::f32;  ///< of all operands
  std::int64_t rows = 0;
  std::int64_t width = 0;
  const void* input = nullptr;  ///< [rows, width]
  std::int64_t input_stride = 0;
  const void* bias = nullptr;      ///< [width], null: zeros
  const void* residual = nullptr;  ///< [rows, width], null: zeros
  std::int64_t residual_stride = 0;
  void* out = nullptr;  ///< [rows, width], may be the input or the residual
  std::int64_t out_stride = 0;
};

/// Throws Error(failed) for negative sizes and missing operands.
void bias_activation(const BiasActivationArgs& args, Stream stream);

/// The same by the same arithmetic on the host, for tests.
void bias_activation_on_host(const BiasActivationArgs& args);

}  // namespace vitral::kernels::cuda
