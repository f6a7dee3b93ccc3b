#include "common/kernels/cuda/activation.h"
#include "common/kernels/cuda/activation_part.h"
#include "common/kernels/cuda/device.h"
#include "common/kernels/cuda/launch.cuh"

namespace vitral::kernels::cuda::device {

void bias_activation(const BiasActivationArgs& args, Stream stream) {
  with_part(args, [&](const auto& part) { warps_on_device("bias and activation", part.count(), part, stream); });
}

}  // namespace vitral::kernels::cuda::device
