/// The part of CUDA that the `.cu` files of common/kernels/cuda use, on the host: it stands where the toolkit's header
/// of this name would, for a compiler that knows C++ only. One device, of compute capability 9.0; its memory is the
/// host's. Names are CUDA's.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <type_traits>
#include <utility>

#include "tests/kernels/cuda_on_host/threads.h"

#define __CUDA_ARCH__ 900
#define __global__
#define __device__
#define __host__
#define __shared__ static thread_local  // blocks run one after another
#define __launch_bounds__(...)

constexpr int CUDART_VERSION = 0;  // of no toolkit

enum cudaError_t {
  cudaSuccess,
  cudaErrorInvalidValue,
  cudaErrorNoDevice,
  cudaErrorInsufficientDriver,
  cudaErrorNoKernelImageForDevice,
  cudaErrorUnsupportedPtxVersion
};
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize };
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost };
enum cudaDeviceAttr { cudaDevAttrComputeCapabilityMajor, cudaDevAttrComputeCapabilityMinor };
struct cudaFuncAttributes {};
using cudaStream_t = struct CUstream_st*;

struct dim3 {
  dim3(unsigned x = 1) : x(x) {}
  unsigned x, y = 1, z = 1;
};

struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  std::size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
};

namespace vitral::test {

/// Of the launches and calls since the last cudaGetLastError() of this thread.
inline thread_local cudaError_t cuda_status = cudaSuccess;

/// Dynamic shared memory that kernels were allowed beyond what each may have.
inline thread_local std::map<const void*, std::size_t> allowed_bytes;

/// A kernel's name for that.
template <class... Parameters>
const void* key_of(void (*kernel)(Parameters...)) {
  return reinterpret_cast<const void*>(kernel);
}

/// A number of here().
struct Coordinate {
  std::uint32_t Place::*member;
  operator unsigned() const { return here().*member; }
};
struct Coordinates {
  Coordinate x;
};

inline cudaError_t told(cudaError_t status) {
  if (status != cudaSuccess) cuda_status = status;
  return status;
}

}  // namespace vitral::test

inline constexpr vitral::test::Coordinates threadIdx{{&vitral::test::Place::thread}},
    blockIdx{{&vitral::test::Place::block}}, blockDim{{&vitral::test::Place::threads}},
    gridDim{{&vitral::test::Place::blocks}};

inline cudaError_t cudaGetLastError() {
  return std::exchange(vitral::test::cuda_status, cudaSuccess);
}
inline const char* cudaGetErrorString(cudaError_t status) {
  return status == cudaSuccess ? "no error" : "refused by the emulation";
}

template <class... Parameters>
cudaError_t cudaFuncSetAttribute(void (*kernel)(Parameters...), cudaFuncAttribute, int value) {
  constexpr int kMost = 227 << 10;  // of compute capability 9.0
  if (value < 0 || value > kMost) return vitral::test::told(cudaErrorInvalidValue);
  vitral::test::allowed_bytes[vitral::test::key_of(kernel)] = static_cast<std::size_t>(value);
  return cudaSuccess;
}
template <class... Parameters>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes*, void (*)(Parameters...)) {
  return cudaSuccess;
}

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  constexpr std::size_t kUnasked = 48 << 10;
  const auto found = vitral::test::allowed_bytes.find(vitral::test::key_of(kernel));
  const std::size_t allowed = found != vitral::test::allowed_bytes.end() ? found->second : kUnasked;
  const bool fits = config->gridDim.x > 0 && config->blockDim.x > 0 && config->blockDim.x <= 1024 &&
                    config->dynamicSmemBytes <= std::max(allowed, kUnasked);
  if (!fits) return vitral::test::told(cudaErrorInvalidValue);
  // Parameters are copied once, before the first thread begins.
  const auto run = [kernel, ... copies = static_cast<Parameters>(arguments)] { kernel(copies...); };
  vitral::test::run_blocks({config->gridDim.x, config->blockDim.x, config->dynamicSmemBytes}, run);
  return cudaSuccess;
}

inline cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
inline cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}
inline cudaError_t cudaGetDevice(int* index) {
  *index = 0;
  return cudaSuccess;
}
inline cudaError_t cudaSetDevice(int index) {
  return index == 0 ? cudaSuccess : vitral::test::told(cudaErrorInvalidValue);
}
inline cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  *value = attribute == cudaDevAttrComputeCapabilityMajor ? 9 : 0;
  return cudaSuccess;
}
inline cudaError_t cudaMalloc(void** data, std::size_t bytes) {
  *data = std::malloc(bytes);
  return *data != nullptr ? cudaSuccess : vitral::test::told(cudaErrorInvalidValue);
}
inline cudaError_t cudaFree(void* data) {
  std::free(data);
  return cudaSuccess;
}
inline cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind) {
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}

// What the device's code calls.
inline void __syncthreads() {
  vitral::test::wait_for_block();
}
inline void __syncwarp() {
  vitral::test::wait_for_warp();
}
inline float __shfl_xor_sync(unsigned, float value, int step) {
  return __builtin_bit_cast(float, vitral::test::exchange_in_warp(__builtin_bit_cast(std::uint32_t, value),
                                                                  static_cast<std::uint32_t>(step)));
}
inline float atomicAdd(float* place, float value) {
  return std::exchange(*place, *place + value);
}
