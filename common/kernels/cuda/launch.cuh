/// Starting kernels, the teams of threads on a GPU (see team.h), and what went wrong where that fails.
#pragma once

#include <cuda_runtime_api.h>

#include "common/core/error.h"
#include "common/kernels/cuda/launch.h"

namespace vitral::kernels::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kWarp = 32;
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

/// A warp as a team.
struct WarpTeam {
  template <class F>
  VITRAL_INLINE void for_each(std::int64_t count, const F& f) const {
    for (std::int64_t i = member(); i < count; i += kWarp) f(i);
    wait();
  }

  template <class F>
  VITRAL_INLINE float sum(std::int64_t count, const F& f) const {
    float sum = 0;
    for (std::int64_t i = member(); i < count; i += kWarp) sum += f(i);
    return of_all(sum);
  }

 private:
#ifdef __CUDA_ARCH__
  static __device__ int member() {
    return threadIdx.x % kWarp;
  }
  static __device__ void wait() {
    __syncwarp();
  }
  static __device__ float of_all(float sum) {
    for (int step = kWarp / 2; step > 0; step /= 2) sum += __shfl_xor_sync(0xffffffffU, sum, step);
    return sum;
  }
#else  // the host's half of the compilation looks at these too
  static int member() {
    return 0;
  }
  static void wait() {}
  static float of_all(float sum) {
    return sum;
  }
#endif
};

template <class F>
__global__ void for_each_warp(std::int64_t count, F f) {
  const std::int64_t warps = static_cast<std::int64_t>(gridDim.x) * (kThreads / kWarp);
  std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * (kThreads / kWarp) + threadIdx.x / kWarp;
  for (; i < count; i += warps) f(WarpTeam(), i);
}

/// f(team, i) for each i of [0, count), a warp each.
template <class F>
void warps_on_device(const char* what, std::int64_t count, const F& f, Stream stream) {
  if (count == 0) return;
  const std::int64_t blocks = (count + kThreads / kWarp - 1) / (kThreads / kWarp);
  for_each_warp<<<static_cast<unsigned>(blocks < kMostBlocks ? blocks : kMostBlocks), kThreads, 0,
                  static_cast<cudaStream_t>(stream)>>>(count, f);
  check_started(what);
}

/// A block as a team.
struct BlockTeam {
  template <class F>
  VITRAL_INLINE void for_each(std::int64_t count, const F& f) const {
    for (std::int64_t i = member(); i < count; i += members()) f(i);
    wait();
  }

 private:
#ifdef __CUDA_ARCH__
  static __device__ unsigned member() {
    return threadIdx.x;
  }
  static __device__ unsigned members() {
    return blockDim.x;
  }
  static __device__ void wait() {
    __syncthreads();
  }
#else
  static unsigned member() {
    return 0;
  }
  static unsigned members() {
    return 1;
  }
  static void wait() {}
#endif
};

template <class F>
__global__ void __launch_bounds__(kThreads) for_each_block(std::int64_t count, F f) {
  extern __shared__ __align__(16) float shared[];
  for (std::int64_t i = blockIdx.x; i < count; i += gridDim.x) f(BlockTeam(), i, shared);
}

/// f(team, i, memory of f.bytes() bytes) for each i of [0, f.count()), a block each, f.threads() of which have work.
template <class F>
void blocks_on_device(const char* what, const F& f, Stream stream) {
  constexpr std::int64_t kUnasked = 48 << 10;  // bytes that every kernel gets
  if (f.bytes() > kUnasked) {
    cudaFuncSetAttribute(for_each_block<F>, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(f.bytes()));
    check_started(what);
  }
  const std::int64_t warps = (f.threads() + kWarp - 1) / kWarp;
  const auto threads = static_cast<unsigned>(warps < kThreads / kWarp ? warps * kWarp : kThreads);
  for_each_block<<<static_cast<unsigned>(f.count() < kMostBlocks ? f.count() : kMostBlocks), threads,
                   static_cast<std::size_t>(f.bytes()), static_cast<cudaStream_t>(stream)>>>(f.count(), f);
  check_started(what);
}

}  // namespace
}  // namespace vitral::kernels::cuda
