/// Normalisation layers.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include <utility>

#include "common/nn/two_faces.h"

namespace vitral::nn {

/// A residual sum and its norm.
struct SumAndNorm {
  at::Tensor sum, normed;
};

/// LayerNorm over the last dimension (Ba et al. 2016), statistics in fp32 for every input type.
/// Parameters `weight` [C] and `bias` [C].
class LayerNormImpl : public torch::nn::Cloneable<LayerNormImpl>, public TwoFaced {
 public:
  explicit LayerNormImpl(std::int64_t channels, double eps = 1e-5);
  void reset() override;
  void train(bool on = true) override;
  /// x [..., C] -> [..., C]
  at::Tensor forward(const at::Tensor& x);
  /// {x + update, the norm of that}, of two tensors of one shape and type; without an update {x, the norm of x}.
  SumAndNorm forward_sum(const at::Tensor& x, const at::Tensor& update);
  /// Whether forward_sum is one pass: so it is by our kernel on a GPU, where a product's own tail adds only the bias
  /// for free. Elsewhere the sum is better left to what makes the update.
  bool adds(const at::Tensor& x) const;

  std::int64_t channels;
  double eps;
  at::Tensor weight, bias;

 private:
  struct Affine {
    at::Tensor weight, bias;
  };
  void drop_packed() override {
    like_input_ = {};
    fp32_ = {};
  }
  const Affine& affine_in(Affine& kept, const at::Device& device, at::ScalarType dtype) const;
  Affine like_input_, fp32_;  // CUDA's operator of LibTorch wants the one, the kernels the other
};
TORCH_MODULE(LayerNorm);

/// A norm over channels whose inference form is y * scale + shift: what a convolution can fold into its weights.
class ChannelNorm {
 public:
  virtual ~ChannelNorm() = default;
  /// x [B, C, H, W] -> the same shape.
  virtual at::Tensor normalize(const at::Tensor& x) = 0;
  /// {scale [C], shift [C]} in fp32.
  virtual std::pair<at::Tensor, at::Tensor> affine() const = 0;
};

/// BatchNorm2d (Ioffe and Szegedy 2015). Parameters `weight`, `bias`; buffers `running_mean`, `running_var`,
/// `num_batches_tracked`, all [C] but the last.
class BatchNorm2dImpl : public torch::nn::Cloneable<BatchNorm2dImpl>, public ChannelNorm {
 public:
  explicit BatchNorm2dImpl(std::int64_t channels, double eps = 1e-5, double momentum = 0.1);
  void reset() override;
  at::Tensor forward(const at::Tensor& x) { return normalize(x); }
  at::Tensor normalize(const at::Tensor& x) override;
  std::pair<at::Tensor, at::Tensor> affine() const override;

  std::int64_t channels;
  double eps, momentum;
  at::Tensor weight, bias, running_mean, running_var, num_batches_tracked;
};
TORCH_MODULE(BatchNorm2d);

/// BatchNorm with fixed statistics and affine (detectors): all four tensors are buffers, nothing is learnt.
class FrozenBatchNorm2dImpl : public torch::nn::Cloneable<FrozenBatchNorm2dImpl>, public ChannelNorm {
 public:
  explicit FrozenBatchNorm2dImpl(std::int64_t channels, double eps = 1e-5);
  void reset() override;
  at::Tensor forward(const at::Tensor& x) { return normalize(x); }
  at::Tensor normalize(const at::Tensor& x) override;
  std::pair<at::Tensor, at::Tensor> affine() const override;

  std::int64_t channels;
  double eps;
  at::Tensor weight, bias, running_mean, running_var;
};
TORCH_MODULE(FrozenBatchNorm2d);

}  // namespace vitral::nn
