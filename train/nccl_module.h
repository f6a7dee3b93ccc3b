/// What training on several GPUs asks of the NCCL module. It is linked with LibTorch's CUDA library, which the program
/// itself opens only where a GPU is used.
#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace vitral::train {

constexpr const char* kNcclModule = "vitral_nccl.so";
constexpr const char* kNcclBackend = "vitral_nccl_backend";

/// The process group of this rank, whose tensors lie on one GPU. Throws what LibTorch throws.
using NcclBackend = c10::intrusive_ptr<c10d::Backend>(const c10::intrusive_ptr<c10d::Store>& store, int rank,
                                                      int world);

}  // namespace vitral::train
