#include "common/kernels/cuda/deformable.h"
#include "common/kernels/cuda/deformable_channel.h"
#include "common/kernels/cuda/device.h"
#include "common/kernels/cuda/launch.cuh"

namespace vitral::kernels::cuda::device {

void deformable(const DeformableArgs& args, Stream stream) {
  with_channel(args, [&](const auto& channel) { on_device("deformable attention", channel.count(), channel, stream); });
}

}  // namespace vitral::kernels::cuda::device
