/// The GPU's kernels by their `.cu` files, run by threads on the host.
#pragma once

#include "common/kernels/cuda/table.h"

extern "C" const vitral::kernels::cuda::Table vitral_cuda_kernels;

namespace vitral::test {

/// Takes pointers to the host's memory; streams are not looked at.
inline const kernels::cuda::Table& kernels_on_host() {
  return vitral_cuda_kernels;
}

}  // namespace vitral::test
