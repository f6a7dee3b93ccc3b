/// Residual streams, and what may stand on their branches: stochastic depth and layer scale.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include <utility>
#include <vector>

#include "common/nn/checkpoint.h"
#include "common/nn/norm.h"

namespace vitral::nn {

/// A residual stream, whose last branch may still have to be added: a norm behind it can take the addition along.
struct Residual {
  at::Tensor x;
  at::Tensor update = {};  ///< undefined: nothing is to be added
  at::Tensor sum() const { return update.defined() ? x + update : x; }
};

/// x and what `branch` adds to it: `branch(residual)` computes f + residual, or f alone where the residual is
/// undefined, so that the addition is left to a norm like `norm` behind it.
template <class Branch>
Residual branch_of(const at::Tensor& x, const LayerNorm& norm, const Branch& branch) {
  if (norm->adds(x)) return {x, branch(at::Tensor())};
  return {branch(x)};
}

/// The sum of a stream, and its norm.
inline SumAndNorm sum_and_norm(const Residual& stream, LayerNorm& norm) {
  return norm->forward_sum(stream.x, stream.update);
}

/// A part of a network that takes a stream and gives one; see checkpointed(). What is computed again has nothing left
/// to add.
template <class Part>
Residual checkpointed_stream(Part part, const Residual& in) {
  if (!CheckpointScope::is_active()) return part(in);
  return {checkpointed([part](const at::Tensor& x) { return part(Residual{x}).sum(); }, in.sum())};
}

/// Stochastic depth per sample (Huang et al. 2016): while training, a sample's branch is dropped with probability
/// `rate`, and kept branches are divided by 1 - rate.
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
