/// What may stand on a residual branch: stochastic depth and layer scale.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include <vector>

namespace vitral::nn {

/// Stochastic depth per sample (Huang et al. 2016): while training, a sample's branch is dropped with probability `rate`,
/// and kept branches are divided by 1 - rate.
class DropPathImpl : public torch::nn::Cloneable<DropPathImpl> {
 public:
  explicit DropPathImpl(double rate = 0.0) : rate(rate) {}
  void reset() override {}
  /// x [B, ...] -> the same shape.
  at::Tensor forward(const at::Tensor& x);
  /// True where forward would change nothing, so that the residual can be fused.
  bool is_identity() const { return rate == 0.0 || !is_training(); }
  double rate;
};
TORCH_MODULE(DropPath);

/// Learnt scale per channel on a residual branch (Touvron et al. 2021, CaiT). Parameter `gamma` [C].
class LayerScaleImpl : public torch::nn::Cloneable<LayerScaleImpl> {
 public:
  LayerScaleImpl(std::int64_t channels, double init) : channels(channels), init(init) { reset(); }
  void reset() override;
  /// x [..., C] -> [..., C]
  at::Tensor forward(const at::Tensor& x);
  std::int64_t channels;
  double init;
  at::Tensor gamma;
};
TORCH_MODULE(LayerScale);

/// Drop rates of `depth` blocks, rising linearly from 0 to `rate`.
std::vector<double> drop_path_rates(double rate, std::int64_t depth);

}  // namespace vitral::nn
