/// Deformable sampling on a GPU; see common/kernels/deformable.h.
#pragma once

#include "common/kernels/cuda/launch.h"
#include "common/kernels/deformable.h"

namespace vitral::kernels::cuda {

/// Levels whose sizes travel with a kernel's arguments.
constexpr std::int64_t kMostDeformableLevels = 16;

/// All queries of arguments that `check_deformable` has passed. Pointers are the GPU's, but `sizes` is the host's.
/// Throws Error(failed) for more than kMostDeformableLevels levels.
void deformable(const DeformableArgs& args, Stream stream);

/// The same by the same arithmetic on the host, for tests.
void deformable_on_host(const DeformableArgs& args);

}  // namespace vitral::kernels::cuda
