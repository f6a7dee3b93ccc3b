/// The gradient of deformable sampling on a GPU (Zhu et al. 2021, equation 3); see common/kernels/deformable.h.
#pragma once

#include "common/kernels/cuda/deformable.h"

namespace vitral::kernels::cuda {

/// Pointers are the GPU's, but forward.sizes is the host's.
struct DeformableBackwardArgs {
  DeformableArgs forward;          ///< what was computed; its `out` is not looked at
  const void* grad_out = nullptr;  ///< [batch, queries, heads * D] of forward.dtype
  /// [batch, S, heads, D] fp32, which the gradient is *added* to: zeros at first. Many samples add to one pixel, by
  /// atomic additions in an order that differs from run to run: the last digits differ too. The other two are exact
  /// repetitions.
  float* grad_value = nullptr;
  float* grad_locations = nullptr;  ///< as forward.locations; zeros where `nearest`
  float* grad_weights = nullptr;    ///< as forward.weights
};

/// Throws Error(failed) as check_deformable does, for missing operands and more than kMostDeformableLevels levels.
void deformable_backward(const DeformableBackwardArgs& args, Stream stream);

/// The same by the same arithmetic on the host, for tests.
void deformable_backward_on_host(const DeformableBackwardArgs& args);

}  // namespace vitral::kernels::cuda
