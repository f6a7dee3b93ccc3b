/// Work on a GPU: what is computed for each place of a range. The same function runs on the host, thread after thread,
/// which is how its index arithmetic is tested where there is no GPU.
#pragma once

#include <cstdint>

#include "common/kernels/dtype.h"

namespace vitral::kernels::cuda {

/// cudaStream_t, without CUDA's headers: what includes this need not have them.
using Stream = void*;

/// f(i) for each i of [0, count), as the threads of a GPU would, in any order.
template <class F>
void on_host(std::int64_t count, const F& f) {
  for (std::int64_t i = count - 1; i >= 0; --i) f(i);
}

/// f(a number of this format): f's type follows from it.
template <class F>
void with_number(DType dtype, const F& f) {
  switch (dtype) {
    case DType::f32:
      return f(float{});
    case DType::bf16:
      return f(Bf16{});
    case DType::f16:
      return f(Half{});
  }
}

}  // namespace vitral::kernels::cuda
