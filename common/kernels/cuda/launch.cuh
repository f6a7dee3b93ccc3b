/// Starting kernels, and what went wrong where that fails.
#pragma once

#include <cuda_runtime_api.h>

#include "common/core/error.h"
#include "common/kernels/cuda/launch.h"

namespace vitral::kernels::cuda {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kMostBlocks = 1 << 20;

/// Throws Error(failed) where the last kernel could not be started.
inline void check_started(const char* what) {
  const cudaError_t status = cudaGetLastError();
  if (status != cudaSuccess) throw Error(ErrorKind::failed, what, cudaGetErrorString(status));
}

template <class F>
__global__ void for_each(std::int64_t count, F f) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) f(i);
}

/// f(i) for each i of [0, count), on the GPU; F is a plain struct whose operator() runs there.
template <class F>
void on_device(const char* what, std::int64_t count, const F& f, Stream stream) {
  if (count == 0) return;
  const std::int64_t blocks = (count + kThreads - 1) / kThreads;
  for_each<<<static_cast<unsigned>(blocks < kMostBlocks ? blocks : kMostBlocks), kThreads, 0,
             static_cast<cudaStream_t>(stream)>>>(count, f);
  check_started(what);
}

}  // namespace
}  // namespace vitral::kernels::cuda
