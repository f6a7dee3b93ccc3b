/// A linear layer with two faces (docs/architecture.md): plain and differentiable, or packed and fused.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include <map>
#include <optional>

#include "common/nn/activation.h"
#include "common/nn/kernel_conv.h"
#include "common/nn/two_faces.h"

namespace vitral::nn {

struct LinearOptions {
  LinearOptions(std::int64_t in, std::int64_t out, bool bias = true) : in_features(in), out_features(out), bias(bias) {}
  std::int64_t in_features, out_features;
  bool bias;
};

/// y = x W^T + b. Parameters `weight` [out, in] and `bias` [out]; initialised as truncated normal (std 0.02) and zero.
class LinearImpl : public torch::nn::Cloneable<LinearImpl>, public TwoFaced {
 public:
  LinearImpl(std::int64_t in, std::int64_t out, bool bias = true) : LinearImpl(LinearOptions(in, out, bias)) {}
  explicit LinearImpl(const LinearOptions& options_);
  void reset() override;
  void train(bool on = true) override;

  /// x [..., in] -> activation(x W^T + b + residual), [..., out]. `residual` has the shape of the result.
  at::Tensor forward(const at::Tensor& x, Activation activation = Activation::none, const at::Tensor& residual = {});
  /// The same with the outputs [begin, begin + count) only: x [..., in] -> [..., count]. For packed projections of which
  /// only some parts see the same input.
  at::Tensor forward_rows(const at::Tensor& x, std::int64_t begin, std::int64_t count);

  LinearOptions options;
  at::Tensor weight, bias;

 private:
  struct Packed {
    at::Tensor weight, bias;
    bool opaque = false;
    std::optional<KernelConv> kernel;  ///< where it is faster; then nothing else is packed
  };
  void drop_packed() override { packed_.clear(); }
  const Packed& pack(std::int64_t begin, std::int64_t count, const at::Tensor& x);
  at::Tensor compute(const at::Tensor& x, std::int64_t begin, std::int64_t count, Activation activation,
                     const at::Tensor& residual);

  std::map<std::pair<std::int64_t, std::int64_t>, Packed> packed_;  // by (begin, count)
};
TORCH_MODULE(Linear);

}  // namespace vitral::nn
