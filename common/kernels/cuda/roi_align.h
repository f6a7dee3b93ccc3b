/// RoIAlign on a GPU; see common/kernels/roi_align.h.
#pragma once

#include "common/kernels/cuda/launch.h"
#include "common/kernels/roi_align.h"

namespace vitral::kernels::cuda {

/// All regions of arguments whose pointers are the GPU's and whose host copies `check_roi_align` has passed.
void roi_align(const RoiAlignArgs& args, Stream stream);

/// The same by the same arithmetic on the host, for tests.
void roi_align_on_host(const RoiAlignArgs& args);

}  // namespace vitral::kernels::cuda
