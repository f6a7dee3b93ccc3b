#include "detr/deformable_attention.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/log.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <numbers>

#include "common/nn/init.h"
#include "common/nn/sublayer.h"

namespace vitral::detr {
namespace {

enum class Part { queries, offsets, weights };

nn::Mlp mlp_of(const DeformableOptions& options) {
  return nn::Mlp(
      nn::MlpOptions(options.dim(), options.hidden()).activation(nn::Activation::relu).dropout(options.dropout()));
}

/// What `make()` gives; of learnt queries the tensor that was made first. `which` tells the parts of a layer apart.
template <class Make>
at::Tensor once(nn::Constants* learnt, Part which, const at::Tensor& x, Make make) {
  if (learnt == nullptr) return make();
  return (*learnt)->get({static_cast<std::int64_t>(which), x.size(0)}, x, std::move(make));
}

}  // namespace

DeformableAttentionImpl::DeformableAttentionImpl(const DeformableOptions& options_) : options(options_) {
  reset();
  initialise();
}

void DeformableAttentionImpl::reset() {
  const std::int64_t samples = options.heads() * options.levels() * options.points();
  sampling_offsets = register_module("sampling_offsets", nn::Linear(options.dim(), 2 * samples));
  attention_weights = register_module("attention_weights", nn::Linear(options.dim(), samples));
  value_proj = register_module("value_proj", nn::Linear(options.dim(), options.dim()));
  output_proj = register_module("output_proj", nn::Linear(options.dim(), options.dim()));
}

/// At first every head looks in a direction of its own, point k at k pixels' distance, all with equal weight.
void DeformableAttentionImpl::initialise() {
  if (nn::SkipInit::active()) return;
  const at::NoGradGuard no_grad;
  const auto angle =
      at::arange(options.heads(), at::kFloat) * (2 * std::numbers::pi / static_cast<double>(options.heads()));
  auto direction = at::stack({angle.cos(), angle.sin()}, -1);  // [H, 2]
  direction = direction / direction.abs().amax({-1}, true);
  const auto distance = at::arange(1, options.points() + 1, at::kFloat).view({1, 1, -1, 1});
  const auto offsets = direction.view({-1, 1, 1, 2}) * distance;  // [H, 1, P, 2]
  sampling_offsets->weight.zero_();
  sampling_offsets->bias.copy_(offsets.expand({-1, options.levels(), -1, -1}).flatten());
  attention_weights->weight.zero_();
  nn::xavier_uniform_(value_proj->weight);
  nn::xavier_uniform_(output_proj->weight);
}

/// -> fp32 [B, Q, H, L, P, 2]
at::Tensor DeformableAttentionImpl::offsets(const at::Tensor& query) {
  return sampling_offsets->forward(query)
      .to(at::kFloat)
      .view({query.size(0), query.size(1), options.heads(), options.levels(), options.points(), 2});
}

/// -> fp32 [B, Q, H, L, P]
at::Tensor DeformableAttentionImpl::weights(const at::Tensor& query) {
  const std::int64_t batch = query.size(0), queries = query.size(1), heads = options.heads();
  const auto scores = attention_weights->forward(query).to(at::kFloat).view({batch, queries, heads, -1});
  return at::softmax(scores, -1).view({batch, queries, heads, options.levels(), options.points()});
}

/// -> [B, Q, H, L, P, 2]
at::Tensor DeformableAttentionImpl::locations(const at::Tensor& offsets, const at::Tensor& references,
                                              const Memory& memory) {
  const auto near = references.unsqueeze(2).unsqueeze(4);  // [B, Q, 1, L or 1, 1, 2 or 4]
  const auto centers = near.slice(-1, 0, 2);
  if (near.size(-1) == 4) {  // of a box, the offsets are parts
    return centers + offsets * near.slice(-1, 2, 4) * (0.5 / static_cast<double>(options.points()));
  }
  return centers + offsets / level_sizes(memory, offsets);  // of a point, they are pixels of the level
}

/// {width, height} of each level as fp32 [L, 1, 2] on the device of `like`; made once, for a copy makes a GPU wait.
at::Tensor DeformableAttentionImpl::level_sizes(const Memory& memory, const at::Tensor& like) {
  std::vector<std::int64_t> sides;
  for (const auto& [height, width] : memory.levels) sides.insert(sides.end(), {width, height});
  return level_sizes_.get(sides, like, [&] { return at::tensor(sides, like.options()).view({-1, 1, 2}); });
}

at::Tensor DeformableAttentionImpl::forward(const at::Tensor& query, const at::Tensor& references, const Memory& memory,
                                            const at::Tensor& residual, nn::Constants* learnt) {
  const std::int64_t batch = query.size(0), heads = options.heads();
  auto value = value_proj->forward(memory.tokens);
  if (memory.padding.defined()) value = value.masked_fill(memory.padding.unsqueeze(-1), 0);
  const auto samples = locations(once(learnt, Part::offsets, query, [&] { return offsets(query); }), references, memory);
  const auto shares = once(learnt, Part::weights, query, [&] { return weights(query); });
  if (recording()) {
    record_.weights = shares;
    record_.locations = samples;
  }
  const auto mixed = nn::deformable_attend(value.view({batch, -1, heads, options.dim() / heads}), memory.levels, samples,
                                           shares, options.sampling());
  return output_proj->forward(mixed, nn::Activation::none, residual);
}

DeformableEncoderLayerImpl::DeformableEncoderLayerImpl(const DeformableOptions& options_) : options(options_) {
  reset();
}

void DeformableEncoderLayerImpl::reset() {
  self_attn = register_module("self_attn", DeformableAttention(options));
  mlp = register_module("mlp", mlp_of(options));
  norm1 = register_module("norm1", nn::LayerNorm(options.dim()));
  norm2 = register_module("norm2", nn::LayerNorm(options.dim()));
}

at::Tensor DeformableEncoderLayerImpl::forward(const at::Tensor& positions, const at::Tensor& references,
                                               const Memory& memory) {
  const nn::SublayerOptions around{.dropout = is_training() ? options.dropout() : 0.0};
  const auto attended =
      nn::sublayer(memory.tokens, norm1, around, [&](const at::Tensor& input, const at::Tensor& residual) {
        return self_attn->forward(input + positions, references, memory, residual);
      });
  return nn::sublayer(attended, norm2, around, [&](const at::Tensor& input, const at::Tensor& residual) {
    return mlp->forward(input, residual);
  });
}

DeformableDecoderLayerImpl::DeformableDecoderLayerImpl(const DeformableOptions& options_) : options(options_) {
  reset();
}

void DeformableDecoderLayerImpl::reset() {
  const std::int64_t dim = options.dim();
  self_attn = register_module(
      "self_attn",
      nn::MultiheadAttention(nn::MultiheadAttentionOptions(dim, options.heads()).dropout(options.dropout())));
  cross_attn = register_module("cross_attn", DeformableAttention(options));
  mlp = register_module("mlp", mlp_of(options));
  norm1 = register_module("norm1", nn::LayerNorm(dim));
  norm2 = register_module("norm2", nn::LayerNorm(dim));
  norm3 = register_module("norm3", nn::LayerNorm(dim));
}

at::Tensor DeformableDecoderLayerImpl::forward(const at::Tensor& x, const at::Tensor& positions,
                                               const at::Tensor& references, const Memory& memory,
                                               nn::Constants* learnt) {
  const nn::SublayerOptions around{.dropout = is_training() ? options.dropout() : 0.0};
  const auto among_themselves = [&](const at::Tensor& input, const at::Tensor& residual) {
    const auto query = input + positions;
    return self_attn->forward(query, query, input, {}, residual);
  };
  const auto attended =
      once(learnt, Part::queries, x, [&] { return nn::sublayer(x, norm1, around, among_themselves); });
  const auto looked = nn::sublayer(attended, norm2, around, [&](const at::Tensor& input, const at::Tensor& residual) {
    return cross_attn->forward(input + positions, references, memory, residual, learnt);
  });
  return nn::sublayer(looked, norm3, around, [&](const at::Tensor& input, const at::Tensor& residual) {
    return mlp->forward(input, residual);
  });
}

std::vector<AttentionLayer> sampling_layers(torch::nn::ModuleListImpl& layers, const std::string& prefix,
                                            std::array<std::int64_t, 2> size, std::int64_t stride) {
  const std::array grid{(size[0] + stride - 1) / stride, (size[1] + stride - 1) / stride};
  std::vector<AttentionLayer> result;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    result.push_back({prefix + std::to_string(i) + ".cross_attn", AttentionKind::samples,
                      layers[i]->as<DeformableDecoderLayer>()->cross_attn.get(), grid});
  }
  return result;
}

at::Tensor gather_tokens(const at::Tensor& x, const at::Tensor& places) {
  return x.gather(1, places.unsqueeze(-1).expand({places.size(0), places.size(1), x.size(2)}));
}

at::Tensor inverse_sigmoid(const at::Tensor& x) {
  constexpr double kLeast = 1e-5;
  const auto inside = x.clamp(0, 1);
  return at::log(inside.clamp_min(kLeast) / (1 - inside).clamp_min(kLeast));
}

}  // namespace vitral::detr
