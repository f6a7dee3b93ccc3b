/// Where the kernels of common/kernels/cuda run, without CUDA's headers.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "common/kernels/cuda/table.h"

namespace vitral::nn {

/// Whether layers compute with `tensor` as on a GPU.
inline bool on_gpu(const at::Tensor& tensor) {
  return tensor.is_cuda() || kernels::cuda::StandIn::present();
}

/// The stream on which LibTorch's operators run on `tensor`'s GPU; its memory is given back in that order too.
inline kernels::cuda::Stream stream_of(const at::Tensor& tensor) {
  if (tensor.is_cpu()) return nullptr;  // a stand-in's
  return c10::impl::VirtualGuardImpl(tensor.device().type()).getStream(tensor.device()).native_handle();
}

/// Whether `tensor` lies on a GPU and the module with its kernels is there.
inline bool has_cuda_kernels(const at::Tensor& tensor) {
  return on_gpu(tensor) && kernels::cuda::table() != nullptr;
}

/// Whether there is a kernel for where `tensor` lies.
inline bool has_kernel_for(const at::Tensor& tensor) {
  return !on_gpu(tensor) || kernels::cuda::table() != nullptr;
}

}  // namespace vitral::nn
