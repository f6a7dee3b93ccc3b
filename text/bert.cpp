#include "text/bert.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/zeros.h>

#include "common/core/error.h"
#include "common/nn/masks.h"

namespace vitral::text {
namespace {

using namespace weights;

constexpr Rule kEmbeddings[] = {
    drop("position_ids"),
    rename("word_embeddings.weight", "word.weight"),
    rename("position_embeddings.weight", "position.weight"),
    rename("token_type_embeddings.weight", "type.weight"),
    rename("LayerNorm.(weight|gamma)", "norm.weight"),
    rename("LayerNorm.(bias|beta)", "norm.bias"),
};
constexpr Rule kLayer[] = {
    pack("attention.self.query.{p}", "attention.self.key.{p}", "attention.self.value.{p}", "self_attn.qkv.{p}"),
    rename("attention.output.dense.{p}", "self_attn.proj.{p}"),
    rename("attention.output.LayerNorm.(weight|gamma)", "norm1.weight"),
    rename("attention.output.LayerNorm.(bias|beta)", "norm1.bias"),
    rename("intermediate.dense.{p}", "mlp.fc1.{p}"),
    rename("output.dense.{p}", "mlp.fc2.{p}"),
    rename("output.LayerNorm.(weight|gamma)", "norm2.weight"),
    rename("output.LayerNorm.(bias|beta)", "norm2.bias"),
};
constexpr Rule kPooler[] = {rename("{p}", "{p}")};
constexpr Rule kHead[] = {
    rename("predictions.bias", "head_bias"),
    drop("predictions.decoder.{p}"),
    rename("predictions.transform.dense.{p}", "transform.{p}"),
    rename("predictions.transform.LayerNorm.(weight|gamma)", "transform_norm.weight"),
    rename("predictions.transform.LayerNorm.(bias|beta)", "transform_norm.bias"),
    drop("seq_relationship.{p}"),
};
constexpr RuleGroup kGroups[] = {
    {"(|bert.)embeddings.", "embed.", kEmbeddings},
    {"(|bert.)encoder.layer.{i}.", "encoder.layers.{i}.", kLayer},
    {"(|bert.)pooler.dense.", "pooler.", kPooler},
    {"cls.", "", kHead},
};
constexpr std::string_view kMarks[] = {"(|bert.)embeddings.word_embeddings.weight",
                                       "(|bert.)encoder.layer.0.attention.self.query.weight"};

}  // namespace

const KeyMap kBertMap{"hf", kMarks, kGroups};

void BertEmbedImpl::reset() {
  const auto& o = options;
  word = register_module("word", nn::TokenEmbed(o.tokens(), o.dim()));
  position = register_module("position", nn::TokenEmbed(o.longest(), o.dim()));
  type = register_module("type", nn::TokenEmbed(o.types(), o.dim()));
  norm = register_module("norm", nn::LayerNorm(o.dim(), o.norm_eps()));
}

at::Tensor BertEmbedImpl::forward(const at::Tensor& ids, const at::Tensor& types) {
  const std::int64_t length = ids.size(1);
  if (length > options.longest()) {
    throw Error(ErrorKind::input, "a sequence of " + std::to_string(length) + " tokens",
                "is longer than the " + std::to_string(options.longest()) + " that the network takes");
  }
  const auto kind = types.defined() ? type->forward(types) : type->weight[0];
  const auto x = norm->forward(word->forward(ids) + position->weight.slice(0, 0, length) + kind);
  return is_training() && options.dropout() > 0 ? at::dropout(x, options.dropout(), true) : x;
}

void BertImpl::reset() {
  const auto& o = options;
  if (o.dim() < 1 || o.heads() < 1 || o.dim() % o.heads() != 0) {
    throw Error(ErrorKind::usage, "BERT",
                "dim " + std::to_string(o.dim()) + " is no multiple of heads " + std::to_string(o.heads()));
  }
  const auto layer = nn::TransformerLayerOptions(o.dim(), o.heads(), o.hidden())
                         .activation(nn::Activation::gelu)
                         .dropout(o.dropout())
                         .norm_eps(o.norm_eps());
  embed = register_module("embed", BertEmbed(o));
  encoder = register_module("encoder", nn::TransformerEncoder(layer, o.depth(), /*final_norm=*/false));
  if (o.pooler()) pooler = register_module("pooler", nn::Linear(o.dim(), o.dim()));
  if (!o.masked_head()) return;
  transform = register_module("transform", nn::Linear(o.dim(), o.dim()));
  transform_norm = register_module("transform_norm", nn::LayerNorm(o.dim(), o.norm_eps()));
  head_bias = register_parameter("head_bias", at::zeros({o.tokens()}));
}

at::Tensor BertImpl::forward(const at::Tensor& ids, const at::Tensor& padding, const at::Tensor& types) {
  const auto bias = padding.defined() ? nn::padding_bias(padding) : at::Tensor();
  return encoder->forward(embed->forward(ids, types), {}, bias);
}

at::Tensor BertImpl::pool(const at::Tensor& states) {
  if (pooler.is_empty()) throw Error(ErrorKind::usage, "BERT", "has no pooler");
  return pooler->forward(states.select(1, 0).contiguous(), nn::Activation::tanh);
}

at::Tensor BertImpl::masked_logits(const at::Tensor& states) {
  if (transform.is_empty()) throw Error(ErrorKind::usage, "BERT", "has no head for masked tokens");
  return embed->word->logits(transform_norm->forward(transform->forward(states, nn::Activation::gelu))) + head_bias;
}

std::vector<AttentionLayer> BertImpl::attention_layers(std::array<std::int64_t, 2> /*size*/) {
  std::vector<AttentionLayer> layers;
  for (std::size_t i = 0; i < encoder->layers->size(); ++i) {
    layers.push_back({"encoder.layers." + std::to_string(i) + ".self_attn", AttentionKind::tokens,
                      encoder->layers[i]->as<nn::TransformerEncoderLayer>()->self_attn.get()});
  }
  return layers;
}

at::Tensor sentence_vectors(const at::Tensor& states, const at::Tensor& padding) {
  auto mean = states.mean(1);
  if (padding.defined()) {
    const auto counted = padding.logical_not().to(states.scalar_type()).unsqueeze(-1);  // [B, N, 1]
    mean = (states * counted).sum(1) / counted.sum(1).clamp_min(1e-9);
  }
  return mean / at::linalg_vector_norm(mean, 2, {-1}, true).clamp_min(1e-12);
}

}  // namespace vitral::text
