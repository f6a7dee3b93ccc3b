/// Initialisers that the published recipes use.
#pragma once

#include <ATen/core/Tensor.h>

namespace vitral::nn {

/// Normal(0, std), redrawn outside [-2, 2] (absolute bounds, as timm's trunc_normal_), in place, without gradient.
void trunc_normal_(at::Tensor tensor, double std);

/// Uniform(-a, a) with a = sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010), in place. `tensor` [out, in, ...].
void xavier_uniform_(at::Tensor tensor);

/// Normal(0, sqrt(2 / fan_out)) for convolutions before a ReLU (He et al. 2015), in place. `tensor` [out, in / groups, kh, kw].
void kaiming_normal_fan_out_(at::Tensor tensor);

}  // namespace vitral::nn
