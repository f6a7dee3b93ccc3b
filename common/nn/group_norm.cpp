#include "common/nn/group_norm.h"

#include <ATen/ops/group_norm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

namespace vitral::nn {

GroupNormImpl::GroupNormImpl(std::int64_t groups_, std::int64_t channels_, double eps_)
    : groups(groups_), channels(channels_), eps(eps_) {
  reset();
}

void GroupNormImpl::reset() {
  weight = register_parameter("weight", at::ones({channels}));
  bias = register_parameter("bias", at::zeros({channels}));
}

at::Tensor GroupNormImpl::forward(const at::Tensor& x) {
  return at::group_norm(x, groups, weight.to(x.scalar_type()), bias.to(x.scalar_type()), eps);
}

}  // namespace vitral::nn
