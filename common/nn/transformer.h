/// Transformer encoder and decoder layers (Vaswani et al. 2017), pre- and post-norm, with positions added to queries and keys
/// only (Carion et al. 2020) where they are given.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/pimpl.h>

#include "common/nn/attention.h"
#include "common/nn/constants.h"
#include "common/nn/mlp.h"
#include "common/nn/norm.h"

namespace vitral::nn {

struct TransformerLayerOptions {
  TransformerLayerOptions(std::int64_t dim, std::int64_t heads, std::int64_t hidden) : dim(dim), heads(heads), hidden(hidden) {}
  std::int64_t dim, heads, hidden;
  TORCH_ARG(Activation, activation) = Activation::relu;
  TORCH_ARG(bool, norm_first) = false;  ///< x + f(norm(x)) instead of norm(x + f(x))
  TORCH_ARG(double, dropout) = 0.0;
  TORCH_ARG(double, norm_eps) = 1e-5;
};

/// Self-attention and feed-forward. Children `self_attn`, `mlp`, `norm1`, `norm2`.
class TransformerEncoderLayerImpl : public torch::nn::Cloneable<TransformerEncoderLayerImpl> {
 public:
  explicit TransformerEncoderLayerImpl(const TransformerLayerOptions& options_);
  void reset() override;
  /// x [B, N, C], positions [B or 1, N, C] or nothing, bias as in AttendOptions -> [B, N, C]
  at::Tensor forward(const at::Tensor& x, const at::Tensor& positions = {}, const at::Tensor& bias = {});

  TransformerLayerOptions options;
  MultiheadAttention self_attn = nullptr;
  Mlp mlp = nullptr;
  LayerNorm norm1 = nullptr, norm2 = nullptr;
};
TORCH_MODULE(TransformerEncoderLayer);

/// What a decoder layer sees beside its own tokens.
struct DecoderInputs {
  at::Tensor memory;            ///< [B, M, C], the encoder's result
  at::Tensor memory_positions;  ///< [B or 1, M, C], added to the keys; or nothing
  at::Tensor query_positions;   ///< [B or 1, N, C], added to queries (and to the keys of the self-attention); or nothing
  at::Tensor self_bias;         ///< e.g. causal_bias
  at::Tensor memory_bias;       ///< e.g. padding_bias of the memory
  /// Where the tokens that the first layer gets, and query_positions, follow from weights alone, as learnt object queries
  /// do: keeps what it makes of them before it looks at the memory.
  Constants* learnt = nullptr;
};

/// What a decoder layer keeps while tokens come one by one. Rows of the batch may be reordered between steps.
struct DecoderCache {
  KeyValues seen;    ///< of the tokens so far
  KeyValues memory;  ///< of the memory, from the first step on
};

/// Self-attention, cross-attention and feed-forward. Children `self_attn`, `cross_attn`, `mlp`, `norm1`, `norm2`, `norm3`.
class TransformerDecoderLayerImpl : public torch::nn::Cloneable<TransformerDecoderLayerImpl> {
 public:
  explicit TransformerDecoderLayerImpl(const TransformerLayerOptions& options_);
  void reset() override;
  /// x [B, N, C] -> [B, N, C]. `first`: of a stack, so that `inputs.learnt` counts.
  at::Tensor forward(const at::Tensor& x, const DecoderInputs& inputs, bool first = false);
  /// The same for tokens x [B, n, C] that follow those in `cache`, which grows by them. Without query positions;
  /// `inputs.self_bias` [n, seen + n] where n > 1. After the first step only `inputs.memory_bias` is looked at.
  at::Tensor forward_next(const at::Tensor& x, const DecoderInputs& inputs, DecoderCache& cache);

  TransformerLayerOptions options;
  MultiheadAttention self_attn = nullptr, cross_attn = nullptr;
  Mlp mlp = nullptr;
  LayerNorm norm1 = nullptr, norm2 = nullptr, norm3 = nullptr;
};
TORCH_MODULE(TransformerDecoderLayer);

/// A stack of encoder layers, with a last norm where `final_norm`. Children `layers`, `norm`.
class TransformerEncoderImpl : public torch::nn::Cloneable<TransformerEncoderImpl> {
 public:
  TransformerEncoderImpl(const TransformerLayerOptions& layer_, std::int64_t depth_, bool final_norm_);
  void reset() override;
  at::Tensor forward(const at::Tensor& x, const at::Tensor& positions = {}, const at::Tensor& bias = {});

  TransformerLayerOptions layer;
  std::int64_t depth;
  bool final_norm;
  torch::nn::ModuleList layers = nullptr;
  LayerNorm norm = nullptr;
};
TORCH_MODULE(TransformerEncoder);

/// A stack of decoder layers with a last norm. Children `layers`, `norm`.
class TransformerDecoderImpl : public torch::nn::Cloneable<TransformerDecoderImpl> {
 public:
  TransformerDecoderImpl(const TransformerLayerOptions& layer_, std::int64_t depth_);
  void reset() override;
  /// The last layer's normed result, [B, N, C].
  at::Tensor forward(const at::Tensor& x, const DecoderInputs& inputs);
  /// The same step by step, see TransformerDecoderLayer; an empty `caches` is the start of a sequence.
  at::Tensor forward_next(const at::Tensor& x, const DecoderInputs& inputs, std::vector<DecoderCache>& caches);
  /// Every layer's normed result (for auxiliary losses), depth x [B, N, C].
  std::vector<at::Tensor> forward_all(const at::Tensor& x, const DecoderInputs& inputs);

  TransformerLayerOptions layer;
  std::int64_t depth;
  torch::nn::ModuleList layers = nullptr;
  LayerNorm norm = nullptr;
};
TORCH_MODULE(TransformerDecoder);

}  // namespace vitral::nn
