#include "text/seq2seq.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/dropout.h>

#include <algorithm>
#include <cmath>

#include "common/core/error.h"
#include "common/nn/init.h"
#include "common/nn/masks.h"
#include "common/nn/positions.h"

namespace vitral::text {
namespace {

void check(const Seq2SeqOptions& o) {
  const auto refuse = [](const std::string& what) { throw Error(ErrorKind::usage, "Transformer", what); };
  if (o.source_tokens() < 1 || o.target_tokens() < 1) refuse("the vocabulary is empty");
  if (o.shared() && o.source_tokens() != o.target_tokens()) refuse("a shared vocabulary has one size");
  if (o.dim() < 2 || o.heads() < 1 || o.dim() % o.heads() != 0 || o.dim() % 2 != 0) {
    refuse("dim " + std::to_string(o.dim()) + " has to be even and a multiple of heads " + std::to_string(o.heads()));
  }
  if (o.hidden() < 1 || o.encoder_depth() < 1 || o.decoder_depth() < 1 || o.longest() < 1)
    refuse("sizes have to be at least 1");
}

}  // namespace

Seq2SeqOptions seq2seq_preset(const std::string& name) {
  const Seq2SeqOptions base;
  if (name == "base") return base;
  if (name == "big") return Seq2SeqOptions().dim(1024).heads(16).hidden(4096).dropout(0.3);
  if (name == "small") return Seq2SeqOptions().dim(256).heads(4).hidden(1024).encoder_depth(3).decoder_depth(3);
  if (name == "tiny")
    return Seq2SeqOptions().dim(64).heads(4).hidden(256).encoder_depth(2).decoder_depth(2).longest(256);
  throw Error(ErrorKind::usage, "preset '" + name + "'", "is unknown, expected base, big, small or tiny");
}

void DecoderState::reorder(const at::Tensor& rows) {
  const auto pick = [&](at::Tensor& x) {
    if (x.defined()) x = x.index_select(0, rows);
  };
  pick(inputs.memory);
  pick(inputs.memory_bias);
  for (auto& cache : caches) {
    for (auto* x : {&cache.seen.keys, &cache.seen.values, &cache.memory.keys, &cache.memory.values}) pick(*x);
  }
}

Seq2SeqImpl::Seq2SeqImpl(const Seq2SeqOptions& options_) : options(options_) {
  check(options);
  reset();
}

void Seq2SeqImpl::reset() {
  const auto& o = options;
  const auto layer =
      nn::TransformerLayerOptions(o.dim(), o.heads(), o.hidden()).dropout(o.dropout()).norm_first(o.norm_first());
  if (!o.shared()) source_embed = register_module("source_embed", nn::TokenEmbed(o.source_tokens(), o.dim()));
  target_embed = register_module("target_embed", nn::TokenEmbed(o.target_tokens(), o.dim()));
  encoder = register_module("encoder", nn::TransformerEncoder(layer, o.encoder_depth(), /*final_norm=*/true));
  decoder = register_module("decoder", nn::TransformerDecoder(layer, o.decoder_depth()));
  if (nn::SkipInit::active()) return;
  for (const auto& part : {encoder.ptr()->parameters(), decoder.ptr()->parameters()}) {
    for (const auto& parameter : part) {
      if (parameter.dim() > 1) nn::xavier_uniform_(parameter);
    }
  }
}

/// Vectors of tokens of which the first stands at place `first`.
at::Tensor Seq2SeqImpl::embed(nn::TokenEmbed& table, const at::Tensor& ids, std::int64_t first) {
  const std::int64_t end = first + ids.size(1);
  if (end > options.longest()) {
    throw Error(ErrorKind::input, "a sequence of " + std::to_string(end) + " tokens",
                "is longer than the " + std::to_string(options.longest()) + " that the network takes");
  }
  const auto all = positions_.get({options.longest()}, table->weight, [&] {
    return nn::sine_positions_1d(options.longest(), options.dim()).to(table->weight.options());
  });
  const auto x = table->forward(ids) * std::sqrt(static_cast<double>(options.dim())) + all.slice(0, first, end);
  return is_training() && options.dropout() > 0 ? at::dropout(x, options.dropout(), true) : x;
}

DecoderState Seq2SeqImpl::read(const at::Tensor& source, const at::Tensor& source_padding) {
  DecoderState state;
  if (source_padding.defined()) state.inputs.memory_bias = nn::padding_bias(source_padding);
  auto& table = options.shared() ? target_embed : source_embed;
  state.inputs.memory = encoder->forward(embed(table, source, 0), {}, state.inputs.memory_bias);
  return state;
}

at::Tensor Seq2SeqImpl::next(const at::Tensor& tokens, DecoderState& state) {
  const auto x = embed(target_embed, tokens, state.written);
  auto inputs = state.inputs;
  const std::int64_t count = tokens.size(1), all = state.written + count;
  if (count > 1) inputs.self_bias = nn::causal_bias(all, tokens.device()).slice(0, state.written);
  const auto result = decoder->forward_next(x, inputs, state.caches);
  state.written = all;
  return target_embed->logits(result);
}

at::Tensor Seq2SeqImpl::all_next(const at::Tensor& target, const DecoderState& state) {
  auto inputs = state.inputs;
  inputs.self_bias = nn::causal_bias(target.size(1), target.device());
  return target_embed->logits(decoder->forward(embed(target_embed, target, 0), inputs));
}

at::Tensor Seq2SeqImpl::forward(const at::Tensor& source, const at::Tensor& source_padding, const at::Tensor& target) {
  return all_next(target, read(source, source_padding));
}

std::vector<AttentionLayer> Seq2SeqImpl::attention_layers(std::array<std::int64_t, 2> /*size*/) {
  std::vector<AttentionLayer> layers;
  for (std::size_t i = 0; i < encoder->layers->size(); ++i) {
    layers.push_back({"encoder.layers." + std::to_string(i) + ".self_attn", AttentionKind::tokens,
                      encoder->layers[i]->as<nn::TransformerEncoderLayer>()->self_attn.get()});
  }
  for (std::size_t i = 0; i < decoder->layers->size(); ++i) {
    layers.push_back({"decoder.layers." + std::to_string(i) + ".cross_attn", AttentionKind::queries,
                      decoder->layers[i]->as<nn::TransformerDecoderLayer>()->cross_attn.get()});
  }
  return layers;
}

at::Tensor smoothed_loss(const at::Tensor& logits, const at::Tensor& wanted, std::int64_t padding, double smoothing) {
  return at::cross_entropy_loss(logits.flatten(0, 1), wanted.flatten(), {}, at::Reduction::Mean, padding, smoothing);
}

double warmup_rate(std::int64_t step, std::int64_t dim, std::int64_t warmup) {
  const auto s = static_cast<double>(std::max<std::int64_t>(step, 1)),
             w = static_cast<double>(std::max<std::int64_t>(warmup, 1));
  return std::pow(static_cast<double>(dim), -0.5) * std::min(std::pow(s, -0.5), s * std::pow(w, -1.5));
}

}  // namespace vitral::text
