/// Multi-scale deformable attention (Zhu et al. 2021, Deformable DETR): each query looks at a few points near its
/// reference on every level, and learns where they lie and what they weigh.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/pimpl.h>

#include "common/nn/attention.h"
#include "common/nn/constants.h"
#include "common/nn/deformable.h"
#include "common/nn/mlp.h"
#include "common/nn/norm.h"
#include "common/runtime/attentive.h"

namespace vitral::detr {

/// The maps of all levels as one sequence of tokens.
struct Memory {
  at::Tensor tokens;   ///< [B, S, C], level after level
  at::Tensor padding;  ///< bool [B, S], true = padding; or nothing
  std::vector<nn::MapSize> levels;
};

struct DeformableOptions {
  TORCH_ARG(std::int64_t, dim) = 256;
  TORCH_ARG(std::int64_t, heads) = 8;
  TORCH_ARG(std::int64_t, levels) = 4;
  TORCH_ARG(std::int64_t, points) = 4;  ///< on each level, for each head
  TORCH_ARG(nn::Sampling, sampling) = nn::Sampling::bilinear;
  TORCH_ARG(std::int64_t, hidden) = 1024;  ///< of a layer's feed-forward part
  TORCH_ARG(double, dropout) = 0.0;
};

/// Children `sampling_offsets`, `attention_weights`, `value_proj`, `output_proj`.
class DeformableAttentionImpl : public torch::nn::Cloneable<DeformableAttentionImpl>, public nn::Recording {
 public:
  explicit DeformableAttentionImpl(const DeformableOptions& options_);
  void reset() override;
  /// query [B, Q, C]; references fp32 [B, Q, L or 1, 2 or 4], points (x, y) or boxes (cxcywh) from 0 to 1 of each
  /// level's map -> [B, Q, C]; `residual` of that shape is added. `learnt`, where queries follow from weights alone,
  /// keeps their projections.
  at::Tensor forward(const at::Tensor& query, const at::Tensor& references, const Memory& memory,
                     const at::Tensor& residual = {}, nn::Constants* learnt = nullptr);

  DeformableOptions options;
  nn::Linear sampling_offsets = nullptr, attention_weights = nullptr, value_proj = nullptr, output_proj = nullptr;

 private:
  void initialise();
  at::Tensor offsets(const at::Tensor& query);
  at::Tensor weights(const at::Tensor& query);
  at::Tensor locations(const at::Tensor& offsets, const at::Tensor& references, const Memory& memory);
  at::Tensor level_sizes(const Memory& memory, const at::Tensor& like);
  nn::PerSize<at::Tensor> level_sizes_;
};
TORCH_MODULE(DeformableAttention);

/// Deformable attention of the memory's tokens to the memory itself, feed-forward; post-norm.
/// Children `self_attn`, `mlp`, `norm1`, `norm2`.
class DeformableEncoderLayerImpl : public torch::nn::Cloneable<DeformableEncoderLayerImpl> {
 public:
  explicit DeformableEncoderLayerImpl(const DeformableOptions& options_);
  void reset() override;
  /// positions [B or 1, S, C], references of the S tokens as above -> the tokens after this layer, [B, S, C]
  at::Tensor forward(const at::Tensor& positions, const at::Tensor& references, const Memory& memory);

  DeformableOptions options;
  DeformableAttention self_attn = nullptr;
  nn::Mlp mlp = nullptr;
  nn::LayerNorm norm1 = nullptr, norm2 = nullptr;
};
TORCH_MODULE(DeformableEncoderLayer);

/// Self-attention among the queries, deformable attention to the memory, feed-forward; post-norm.
/// Children `self_attn`, `cross_attn`, `mlp`, `norm1`, `norm2`, `norm3`.
class DeformableDecoderLayerImpl : public torch::nn::Cloneable<DeformableDecoderLayerImpl> {
 public:
  explicit DeformableDecoderLayerImpl(const DeformableOptions& options_);
  void reset() override;
  /// x and positions [B, Q, C], references as above -> [B, Q, C]. `learnt`, where x and positions follow from weights
  /// alone, keeps what comes of them before the memory is looked at.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& positions, const at::Tensor& references,
                     const Memory& memory, nn::Constants* learnt = nullptr);

  DeformableOptions options;
  nn::MultiheadAttention self_attn = nullptr;
  DeformableAttention cross_attn = nullptr;
  nn::Mlp mlp = nullptr;
  nn::LayerNorm norm1 = nullptr, norm2 = nullptr, norm3 = nullptr;
};
TORCH_MODULE(DeformableDecoderLayer);

/// The sampling of a decoder's layers, on a map of `stride` for pictures of `size` = {height, width} pixels.
std::vector<AttentionLayer> sampling_layers(torch::nn::ModuleListImpl& layers, const std::string& prefix,
                                            std::array<std::int64_t, 2> size, std::int64_t stride);

/// x [B, S, C], places int64 [B, Q] -> [B, Q, C]
at::Tensor gather_tokens(const at::Tensor& x, const at::Tensor& places);

/// Logit of x in [0, 1], kept finite as every origin does: both sides at least 1e-5.
at::Tensor inverse_sigmoid(const at::Tensor& x);

}  // namespace vitral::detr
