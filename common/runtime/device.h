/// Where and in which precision to compute.
#pragma once

#include <c10/core/Device.h>

#include <string>
#include <string_view>

#include "common/nn/two_faces.h"

namespace vitral {

/// "auto", "cpu", "cuda", "cuda:N" -> a device that is there. `auto` takes the GPU where a driver and LibTorch's CUDA
/// library are found and the first GPU computes. Throws Error(usage) for another text, Error(unavailable) for a device
/// that this machine lacks or that LibTorch has no code for. The CUDA library is opened here, and only where a GPU is
/// asked for and a driver is present. Call it before anything else that may ask LibTorch for CUDA, as at::manual_seed()
/// does: LibTorch keeps the answer.
at::Device resolve_device(std::string_view text);

/// "auto", "fp32", "bf16", "fp16" for `device`. `auto` is the fastest one that the processor has instructions for.
/// Throws Error(usage) for another text, Error(unavailable) where the machine lacks it.
nn::Precision resolve_precision(std::string_view text, const at::Device& device);

std::string_view to_string(nn::Precision precision);

/// Why CUDA can't be used here, in plain words; empty where it can.
std::string cuda_problem();

/// GPUs that the driver names; 0 where CUDA can't be used.
int gpu_count();

}  // namespace vitral
