/// What the program asks of the CUDA module. It is linked with LibTorch's CUDA library, which the program itself opens
/// only where a GPU is used.
#pragma once

#include <c10/core/Device.h>

#include <memory>

#include "common/runtime/gpu.h"

namespace vitral {

constexpr const char* kCudaModule = "vitral_cuda.so";
constexpr const char* kCudaGpu = "vitral_cuda_gpu";

/// The GPU `device`. Throws what LibTorch throws.
using MakeGpu = std::shared_ptr<Gpu>(const at::Device& device);

}  // namespace vitral
