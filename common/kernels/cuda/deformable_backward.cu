#include "common/kernels/cuda/deformable_backward.h"
#include "common/kernels/cuda/deformable_sample.h"
#include "common/kernels/cuda/device.h"
#include "common/kernels/cuda/launch.cuh"

namespace vitral::kernels::cuda::device {

void deformable_backward(const DeformableBackwardArgs& args, Stream stream) {
  with_sample(args, [&](const auto& sample) {
    warps_on_device("deformable attention's gradient", sample.count(), sample, stream);
  });
}

}  // namespace vitral::kernels::cuda::device
