// The module behind training on several GPUs: LibTorch's process group of NCCL.
#include "train/nccl_module.h"

#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

namespace {

// C++ passes and returns classes: the name alone is C's. LibTorch's own patience (ten minutes) holds.
c10::intrusive_ptr<c10d::Backend> backend(const c10::intrusive_ptr<c10d::Store>& store, int rank, int world) {
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, world);
}

}  // namespace

extern "C" vitral::train::NcclBackend* const vitral_nccl_backend;
vitral::train::NcclBackend* const vitral_nccl_backend = backend;
