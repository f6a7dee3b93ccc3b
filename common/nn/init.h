/// Initialisers that the published recipes use.
#pragma once

#include <ATen/core/Tensor.h>

namespace vitral::nn {

/// While one exists on this thread, the initialisers below leave tensors as they are (uninitialised): for networks whose
/// every parameter is about to be loaded. Filling 86 million numbers takes longer than reading them.
class SkipInit {
 public:
  SkipInit() { ++depth(); }
  ~SkipInit() { --depth(); }
  SkipInit(const SkipInit&) = delete;
  SkipInit& operator=(const SkipInit&) = delete;
  static bool active() { return depth() > 0; }

 private:
  static int& depth();
};

/// Normal(0, std), redrawn outside [-2, 2] (absolute bounds, as timm's trunc_normal_), in place, without gradient.
void trunc_normal_(at::Tensor tensor, double std);

/// Uniform(-a, a) with a = sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010), in place. `tensor` [out, in, ...].
void xavier_uniform_(at::Tensor tensor);

/// Normal(0, sqrt(2 / fan_out)) for convolutions before a ReLU (He et al. 2015), fan_out = out / groups * kh * kw, in place.
/// `tensor` [out, in / groups, kh, kw].
void kaiming_normal_fan_out_(at::Tensor tensor, std::int64_t groups = 1);

}  // namespace vitral::nn
