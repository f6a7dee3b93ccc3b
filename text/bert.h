/// BERT's encoder (Devlin et al. 2019): bidirectional Transformer layers over word pieces.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include "common/nn/token_embed.h"
#include "common/nn/transformer.h"
#include "common/runtime/attentive.h"
#include "common/weights/keymap.h"

namespace vitral::text {

struct BertOptions {
  TORCH_ARG(std::int64_t, tokens) = 30522;
  TORCH_ARG(std::int64_t, longest) = 512;
  TORCH_ARG(std::int64_t, types) = 2;
  TORCH_ARG(std::int64_t, dim) = 768;
  TORCH_ARG(std::int64_t, heads) = 12;
  TORCH_ARG(std::int64_t, hidden) = 3072;
  TORCH_ARG(std::int64_t, depth) = 12;
  TORCH_ARG(double, dropout) = 0.1;
  TORCH_ARG(double, norm_eps) = 1e-12;
  TORCH_ARG(bool, pooler) = true;
  TORCH_ARG(bool, masked_head) = false;  ///< tells tokens that were masked
};

/// The vectors of words, places and segments, summed and normed. Children `word`, `position`, `type`, `norm`.
class BertEmbedImpl : public torch::nn::Cloneable<BertEmbedImpl> {
 public:
  explicit BertEmbedImpl(const BertOptions& options_) : options(options_) { reset(); }
  void reset() override;
  /// ids and types int64 [B, N] -> [B, N, C]. Throws Error(input) for more tokens than there are places.
  at::Tensor forward(const at::Tensor& ids, const at::Tensor& types);

  BertOptions options;
  nn::TokenEmbed word = nullptr, position = nullptr, type = nullptr;
  nn::LayerNorm norm = nullptr;
};
TORCH_MODULE(BertEmbed);

/// Children `embed`, `encoder`, and where asked for `pooler`, `transform`, `transform_norm` with parameter `head_bias`
/// [V].
class BertImpl : public torch::nn::Cloneable<BertImpl>, public Attentive {
 public:
  explicit BertImpl(const BertOptions& options_) : options(options_) { reset(); }
  void reset() override;

  /// ids int64 [B, N], padding bool [B, N] (true = ignore) or nothing, types int64 [B, N] or nothing (all 0)
  /// -> [B, N, C] of the last layer.
  at::Tensor forward(const at::Tensor& ids, const at::Tensor& padding = {}, const at::Tensor& types = {});
  /// The first token's vector through a layer and tanh: states [B, N, C] -> [B, C]. Needs `pooler`.
  at::Tensor pool(const at::Tensor& states);
  /// Logits of the token at each place: states [B, N, C] -> [B, N, V], tied to the words' vectors. Needs `masked_head`.
  at::Tensor masked_logits(const at::Tensor& states);
  std::vector<AttentionLayer> attention_layers(std::array<std::int64_t, 2> size) override;

  BertOptions options;
  BertEmbed embed = nullptr;
  nn::TransformerEncoder encoder = nullptr;
  nn::Linear pooler = nullptr, transform = nullptr;
  nn::LayerNorm transform_norm = nullptr;
  at::Tensor head_bias;
};
TORCH_MODULE(Bert);

/// The sentence vectors of sentence-transformers: the mean of the states of all tokens that are not padding, of length
/// one. states [B, N, C], padding bool [B, N] or nothing -> [B, C].
at::Tensor sentence_vectors(const at::Tensor& states, const at::Tensor& padding);

/// transformers' BertModel and BertForMaskedLM.
extern const weights::KeyMap kBertMap;

}  // namespace vitral::text
