/// Which of the kernels' number formats a tensor has.
#pragma once

#include <c10/core/ScalarType.h>

#include <optional>

#include "common/kernels/dtype.h"

namespace vitral::nn {

/// Nothing for types that the kernels do not read.
inline std::optional<kernels::DType> kernel_dtype(c10::ScalarType type) {
  switch (type) {
    case c10::ScalarType::Float:
      return kernels::DType::f32;
    case c10::ScalarType::BFloat16:
      return kernels::DType::bf16;
    case c10::ScalarType::Half:
      return kernels::DType::f16;
    default:
      return std::nullopt;
  }
}

}  // namespace vitral::nn
