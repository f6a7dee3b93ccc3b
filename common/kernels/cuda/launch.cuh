/// Starting kernels, the teams of threads on a GPU (see team.h), and what went wrong where that fails.
#pragma once

#include <cuda_runtime.h>

#include <type_traits>

#include "common/core/error.h"
#include "common/kernels/cuda/launch.h"

namespace vitral::kernels::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kWarp = 32;
constexpr std::int64_t kMostBlocks = 1 << 20;

/// Throws Error(failed) where the last call did not do what it should.
inline void check(const char* what) {
  const cudaError_t status = cudaGetLastError();
  if (status != cudaSuccess) throw Error(ErrorKind::failed, what, cudaGetErrorString(status));
}

/// How many blocks, of how many threads, with how many bytes of shared memory.
struct Extent {
  std::int64_t blocks, threads = kThreads, bytes = 0;
};

/// Starts a kernel. In plain C++, so that a compiler without CUDA can read it: tests run the kernels on the host's
/// threads where there is no GPU.
template <class... Parameters>
void start(const char* what, void (*kernel)(Parameters...), const Extent& extent, Stream stream,
           const std::type_identity_t<Parameters>&... arguments) {
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(static_cast<unsigned>(extent.blocks < kMostBlocks ? extent.blocks : kMostBlocks));
  config.blockDim = dim3(static_cast<unsigned>(extent.threads));
  config.dynamicSmemBytes = static_cast<std::size_t>(extent.bytes);
  config.stream = static_cast<cudaStream_t>(stream);
  static_cast<void>(cudaLaunchKernelEx(&config, kernel, arguments...));
  check(what);
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
  start(what, for_each<F>, {(count + kThreads - 1) / kThreads}, stream, count, f);
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
  constexpr int kWarps = kThreads / kWarp;
  start(what, for_each_warp<F>, {(count + kWarps - 1) / kWarps}, stream, count, f);
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
#ifdef __CUDACC__
  extern __shared__ __align__(16) float shared[];
#else  // the tests'
  float* const shared = test::block_memory();
#endif
  for (std::int64_t i = blockIdx.x; i < count; i += gridDim.x) f(BlockTeam(), i, shared);
}

/// f(team, i, memory of f.bytes() bytes) for each i of [0, f.count()), a block each, f.threads() of which have work.
template <class F>
void blocks_on_device(const char* what, const F& f, Stream stream) {
  constexpr std::int64_t kUnasked = 48 << 10;  // bytes that every kernel gets
  if (f.bytes() > kUnasked) {
    cudaFuncSetAttribute(for_each_block<F>, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(f.bytes()));
    check(what);
  }
  const std::int64_t warps = (f.threads() + kWarp - 1) / kWarp;
  const std::int64_t threads = warps < kThreads / kWarp ? warps * kWarp : kThreads;
  start(what, for_each_block<F>, {f.count(), threads, f.bytes()}, stream, f.count(), f);
}

}  // namespace
}  // namespace vitral::kernels::cuda
