/// The feed-forward part of a Transformer layer.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include "common/nn/linear.h"

namespace vitral::nn {

struct MlpOptions {
  MlpOptions(std::int64_t dim, std::int64_t hidden) : dim(dim), hidden(hidden) {}
  std::int64_t dim, hidden;
  TORCH_ARG(Activation, activation) = Activation::gelu;
  TORCH_ARG(double, dropout) = 0.0;
};

/// fc2(dropout(activation(fc1(x)))). Children `fc1` [hidden, dim] and `fc2` [dim, hidden].
class MlpImpl : public torch::nn::Cloneable<MlpImpl> {
 public:
  explicit MlpImpl(const MlpOptions& options_);
  void reset() override;
  /// x [..., C] -> [..., C]; `residual` [..., C] is added to the result.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& residual = {});

  MlpOptions options;
  Linear fc1 = nullptr, fc2 = nullptr;
};
TORCH_MODULE(Mlp);

}  // namespace vitral::nn
