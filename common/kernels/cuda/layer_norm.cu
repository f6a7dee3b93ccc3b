#include "common/kernels/cuda/device.h"
#include "common/kernels/cuda/launch.cuh"
#include "common/kernels/cuda/layer_norm.h"
#include "common/kernels/cuda/layer_norm_row.h"

namespace vitral::kernels::cuda::device {

void layer_norm(const LayerNormArgs& args, const RowPlaces& places, Stream stream) {
  with_row(args, places, [&](const auto& row) { warps_on_device("layer norm", row.count(), row, stream); });
}

}  // namespace vitral::kernels::cuda::device
