#include "common/kernels/cuda/device.h"
#include "common/kernels/cuda/launch.cuh"
#include "common/kernels/cuda/roi_align.h"
#include "common/kernels/cuda/roi_align_bin.h"

namespace vitral::kernels::cuda::device {

void roi_align(const RoiAlignArgs& args, Stream stream) {
  const RoiAlignBin bin{args};
  on_device("roi_align", bin.count(), bin, stream);
}

}  // namespace vitral::kernels::cuda::device
