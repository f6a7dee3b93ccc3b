/// The original Transformer (Vaswani et al. 2017, Attention Is All You Need): an encoder reads a sentence, a decoder
/// writes another one token by token.
#pragma once

#include <vector>

#include "common/nn/per_size.h"
#include "common/nn/token_embed.h"
#include "common/nn/transformer.h"
#include "common/runtime/attentive.h"

namespace vitral::text {

struct Seq2SeqOptions {
  TORCH_ARG(std::int64_t, source_tokens) = 0;  ///< vocabulary of what is read
  TORCH_ARG(std::int64_t, target_tokens) = 0;  ///< and of what is written
  TORCH_ARG(std::int64_t, dim) = 512;
  TORCH_ARG(std::int64_t, heads) = 8;
  TORCH_ARG(std::int64_t, hidden) = 2048;
  TORCH_ARG(std::int64_t, encoder_depth) = 6;
  TORCH_ARG(std::int64_t, decoder_depth) = 6;
  TORCH_ARG(double, dropout) = 0.1;
  TORCH_ARG(bool, norm_first) = false;      ///< the paper norms behind each residual
  TORCH_ARG(bool, shared) = false;          ///< one vocabulary, whose vectors both sides share (section 3.4)
  TORCH_ARG(std::int64_t, longest) = 1024;  ///< tokens of a sequence at most
};

/// "base" (the paper's), "big", "small" and "tiny"; vocabularies are still to be set. Throws Error(usage) naming the
/// presets.
Seq2SeqOptions seq2seq_preset(const std::string& name);

/// What has been read of a batch, and how far writing has come.
struct DecoderState {
  nn::DecoderInputs inputs;  ///< memory [B, N, C] and the bias of its padding
  std::vector<nn::DecoderCache> caches;
  std::int64_t written = 0;  ///< tokens in the caches

  /// Row i becomes what row rows[i] was; rows int64 [B'].
  void reorder(const at::Tensor& rows);
};

/// Children `source_embed` (unless shared), `target_embed`, `encoder` and `decoder` with last norms, as
/// torch.nn.Transformer has them. The output layer is tied to `target_embed`.
class Seq2SeqImpl : public torch::nn::Cloneable<Seq2SeqImpl>, public Attentive {
 public:
  /// Throws Error(usage) for sizes that make no network.
  explicit Seq2SeqImpl(const Seq2SeqOptions& options_);
  void reset() override;

  /// Teacher forcing: source int64 [B, N], target int64 [B, M], which begins with the start token, padding bool [B, N],
  /// true = ignore, or nothing -> logits [B, M, target_tokens] of the tokens that follow. Padding behind the target
  /// needs no mask: nobody looks ahead.
  at::Tensor forward(const at::Tensor& source, const at::Tensor& source_padding, const at::Tensor& target);

  /// Reads a batch once; then next() may be asked token by token, or all_next() for all at once.
  DecoderState read(const at::Tensor& source, const at::Tensor& source_padding);
  /// tokens int64 [B, n] that follow those written -> logits [B, n, target_tokens]; the state grows by them.
  at::Tensor next(const at::Tensor& tokens, DecoderState& state);
  /// The same from target int64 [B, M] in whole, without any memory of earlier calls -> [B, M, target_tokens].
  at::Tensor all_next(const at::Tensor& target, const DecoderState& state);

  /// Of the encoder, then of the decoder to the source; `size` is not looked at.
  std::vector<AttentionLayer> attention_layers(std::array<std::int64_t, 2> size) override;

  Seq2SeqOptions options;
  nn::TokenEmbed source_embed = nullptr, target_embed = nullptr;
  nn::TransformerEncoder encoder = nullptr;
  nn::TransformerDecoder decoder = nullptr;

 private:
  at::Tensor embed(nn::TokenEmbed& table, const at::Tensor& ids, std::int64_t first);
  nn::PerSize<at::Tensor> positions_;
};
TORCH_MODULE(Seq2Seq);

/// Cross entropy with label smoothing (Szegedy et al. 2016; Vaswani et al. 2017, section 5.4), the mean over the tokens
/// that are not `padding`. logits [B, M, V], wanted int64 [B, M] -> a scalar.
at::Tensor smoothed_loss(const at::Tensor& logits, const at::Tensor& wanted, std::int64_t padding, double smoothing);

/// Learning rate of step 1, 2, … (Vaswani et al. 2017, equation 3).
double warmup_rate(std::int64_t step, std::int64_t dim, std::int64_t warmup);

}  // namespace vitral::text
