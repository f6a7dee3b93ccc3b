#include "common/kernels/cuda/attention.h"
#include "common/kernels/cuda/attention_block.h"
#include "common/kernels/cuda/device.h"
#include "common/kernels/cuda/launch.cuh"

namespace vitral::kernels::cuda::device {

void attention(const AttentionArgs& args, Stream stream) {
  with_block(args, [&](const auto& block) { blocks_on_device("attention", block, stream); });
}

}  // namespace vitral::kernels::cuda::device
