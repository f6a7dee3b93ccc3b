/// Linear layers one after another, as the heads of detectors have them.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/pimpl.h>

#include "common/nn/linear.h"

namespace vitral::nn {

/// `depth` layers with a ReLU between each two: from `in` over `hidden` channels to `out`. Children `layers.{i}`.
class LinearStackImpl : public torch::nn::Cloneable<LinearStackImpl> {
 public:
  LinearStackImpl(std::int64_t in_, std::int64_t hidden_, std::int64_t out_, std::int64_t depth_);
  void reset() override;
  /// x [..., in] -> [..., out]
  at::Tensor forward(const at::Tensor& x);

  std::int64_t in, hidden, out, depth;
  torch::nn::ModuleList layers = nullptr;
};
TORCH_MODULE(LinearStack);

}  // namespace vitral::nn
