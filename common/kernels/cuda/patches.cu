#include "common/kernels/cuda/device.h"
#include "common/kernels/cuda/launch.cuh"
#include "common/kernels/cuda/patches.h"
#include "common/kernels/cuda/patches_row.h"

namespace vitral::kernels::cuda::device {

void patches(const PatchesArgs& args, Stream stream) {
  with_patches(
      args, [&](const auto& row) { warps_on_device("patch embedding", row.count(), row, stream); },
      [&](const auto& number) { on_device("patch embedding", number.count(), number, stream); });
}

}  // namespace vitral::kernels::cuda::device
