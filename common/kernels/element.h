/// Single elements of any format, for the plain twins.
#pragma once

#include "common/kernels/dtype.h"

namespace vitral::kernels {

inline double element(const void* data, DType dtype, std::int64_t at) {
  switch (dtype) {
    case DType::f32:
      return static_cast<const float*>(data)[at];
    case DType::bf16:
      return to_float(static_cast<const Bf16*>(data)[at]);
    case DType::f16:
      return to_float(static_cast<const Half*>(data)[at]);
  }
  return 0;
}

inline void set_element(void* data, DType dtype, std::int64_t at, double value) {
  const auto x = static_cast<float>(value);
  switch (dtype) {
    case DType::f32:
      static_cast<float*>(data)[at] = x;
      return;
    case DType::bf16:
      static_cast<Bf16*>(data)[at] = from_float<Bf16>(x);
      return;
    case DType::f16:
      static_cast<Half*>(data)[at] = from_float<Half>(x);
      return;
  }
}

}  // namespace vitral::kernels
