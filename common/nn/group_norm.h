/// GroupNorm (Wu and He 2018) over channels of maps.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

namespace vitral::nn {

/// Parameters `weight` [C] and `bias` [C].
class GroupNormImpl : public torch::nn::Cloneable<GroupNormImpl> {
 public:
  GroupNormImpl(std::int64_t groups_, std::int64_t channels_, double eps_ = 1e-5);
  void reset() override;
  /// x [B, C, H, W] -> the same shape and dtype.
  at::Tensor forward(const at::Tensor& x);

  std::int64_t groups, channels;
  double eps;
  at::Tensor weight, bias;
};
TORCH_MODULE(GroupNorm);

}  // namespace vitral::nn
