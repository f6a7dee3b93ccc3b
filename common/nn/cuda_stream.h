/// Where the kernels of common/kernels/cuda run, without CUDA's headers.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "common/kernels/cuda/launch.h"

namespace vitral::nn {

#ifdef VITRAL_HAS_CUDA
inline constexpr bool kHasCudaKernels = true;
#else
inline constexpr bool kHasCudaKernels = false;
#endif

/// The stream on which LibTorch's operators run on `tensor`'s GPU; its memory is given back in that order too.
inline kernels::cuda::Stream stream_of(const at::Tensor& tensor) {
  return c10::impl::VirtualGuardImpl(tensor.device().type()).getStream(tensor.device()).native_handle();
}

/// Whether this build has a kernel for where `tensor` lies.
inline bool has_kernel_for(const at::Tensor& tensor) {
  return tensor.is_cpu() || (kHasCudaKernels && tensor.is_cuda());
}

}  // namespace vitral::nn
