/// TNT's attention: queries and keys share one projection, values have their own.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include "common/nn/linear.h"
#include "common/nn/recording.h"
#include "common/nn/two_faces.h"

namespace vitral::vit {

/// Children `qk` [2C, C] and `v` [C, C], without biases, and `proj` [C, C].
class TntAttentionImpl : public torch::nn::Cloneable<TntAttentionImpl>, public nn::TwoFaced, public nn::Recording {
 public:
  TntAttentionImpl(std::int64_t dim, std::int64_t heads) : dim(dim), heads(heads) { reset(); }
  void reset() override;
  void train(bool on = true) override;
  /// x [B, N, C] -> [B, N, C], plus `residual` where given.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& residual = {});

  std::int64_t dim, heads;
  nn::Linear qk = nullptr, v = nullptr, proj = nullptr;

 private:
  void drop_packed() override { all_ = nullptr; }
  /// x -> queries, keys and values, each [B, N, C].
  std::vector<at::Tensor> project(const at::Tensor& x);

  nn::Linear all_ = nullptr;  // in inference one product for q, k and v
};
TORCH_MODULE(TntAttention);

}  // namespace vitral::vit
