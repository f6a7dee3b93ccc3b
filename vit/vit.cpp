#include "vit/vit.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include "common/nn/checkpoint.h"
#include "common/nn/init.h"

namespace vitral::vit {

BlockImpl::BlockImpl(const VisionTransformerOptions& options_, double drop_path_rate_)
    : options(options_), drop_path_rate(drop_path_rate_) {
  reset();
}

void BlockImpl::reset() {
  const auto& o = options;
  norm1 = register_module("norm1", nn::LayerNorm(o.dim(), o.norm_eps()));
  attn = register_module(
      "attn", nn::MultiheadAttention(nn::MultiheadAttentionOptions(o.dim(), o.heads()).qkv_bias(o.qkv_bias())));
  norm2 = register_module("norm2", nn::LayerNorm(o.dim(), o.norm_eps()));
  const auto hidden = static_cast<std::int64_t>(static_cast<double>(o.dim()) * o.mlp_ratio());
  mlp = register_module("mlp", nn::Mlp(nn::MlpOptions(o.dim(), hidden).dropout(o.dropout())));
  drop_path = register_module("drop_path", nn::DropPath(drop_path_rate));
  if (o.layer_scale() > 0) {
    ls1 = register_module("ls1", nn::LayerScale(o.dim(), o.layer_scale()));
    ls2 = register_module("ls2", nn::LayerScale(o.dim(), o.layer_scale()));
  }
}

nn::Residual BlockImpl::forward(const nn::Residual& stream) {
  const auto [x, input] = nn::sum_and_norm(stream, norm1);
  if (ls1.is_empty() && drop_path->is_identity()) {
    const auto attend = [&, in = input](const at::Tensor& residual) { return attn->forward(in, {}, residual); };
    const auto [attended, hidden] = nn::sum_and_norm(nn::branch_of(x, norm2, attend), norm2);
    const auto feed = [&, in = hidden](const at::Tensor& residual) { return mlp->forward(in, residual); };
    return nn::branch_of(attended, norm2, feed);
  }
  const auto scaled = [this](nn::LayerScale& scale, const at::Tensor& branch) {
    return drop_path->forward(scale.is_empty() ? branch : scale->forward(branch));
  };
  const auto attended = x + scaled(ls1, attn->forward(input));
  return {attended + scaled(ls2, mlp->forward(norm2->forward(attended)))};
}

VisionTransformerImpl::VisionTransformerImpl(const VisionTransformerOptions& options_) : options(options_) {
  reset();
}

std::array<std::int64_t, 2> VisionTransformerImpl::grid() const {
  return {options.image_height() / options.patch(), options.image_width() / options.patch()};
}

std::int64_t VisionTransformerImpl::prefix_tokens() const {
  return (options.class_token() ? 1 : 0) + (options.distilled() ? 1 : 0) + options.register_tokens();
}

std::vector<std::string> VisionTransformerImpl::head_names() const {
  return options.distilled() ? std::vector<std::string>{"head", "head_dist"} : std::vector<std::string>{"head"};
}

void VisionTransformerImpl::reset() {
  const auto& o = options;
  const auto token = [&](const char* name, std::int64_t count) {
    auto parameter = register_parameter(name, at::empty({1, count, o.dim()}));
    nn::trunc_normal_(parameter, 0.02);
    return parameter;
  };
  patch_embed = register_module("patch_embed", nn::PatchEmbed(o.in_chans(), o.dim(), o.patch()));
  if (o.class_token()) cls_token = token("cls_token", 1);
  if (o.distilled()) dist_token = token("dist_token", 1);
  if (o.register_tokens() > 0) reg_token = token("reg_token", o.register_tokens());
  pos_embed = token("pos_embed", grid()[0] * grid()[1] + (o.positions_with_prefix() ? prefix_tokens() : 0));
  blocks = register_module("blocks", torch::nn::ModuleList());
  for (const double rate : nn::drop_path_rates(o.drop_path(), o.depth())) blocks->push_back(Block(o, rate));
  const bool norm_mean = o.pooling() == Pooling::average && !o.norm_before_pool();
  auto& last_norm = norm_mean ? fc_norm : norm;
  last_norm = register_module(norm_mean ? "fc_norm" : "norm", nn::LayerNorm(o.dim(), o.norm_eps()));
  if (o.num_classes() == 0) return;
  head = register_module("head", nn::Linear(o.dim(), o.num_classes()));
  if (o.distilled()) head_dist = register_module("head_dist", nn::Linear(o.dim(), o.num_classes()));
}

at::Tensor VisionTransformerImpl::embed(const at::Tensor& images) {
  auto patches = patch_embed->forward(images);  // [B, h * w, C]
  const auto positions = pos_embed.to(patches.scalar_type());
  std::vector<at::Tensor> tokens;
  for (const auto& prefix : {cls_token, dist_token, reg_token}) {
    if (prefix.defined()) tokens.push_back(prefix.to(patches.scalar_type()).expand({patches.size(0), -1, -1}));
  }
  if (!options.positions_with_prefix()) patches = patches + positions;
  tokens.push_back(patches);
  const auto all = tokens.size() == 1 ? patches : at::cat(tokens, 1);  // [B, prefix + h * w, C]
  return options.positions_with_prefix() ? all + positions : all;
}

at::Tensor VisionTransformerImpl::forward_features(const at::Tensor& images) {
  nn::Residual x{embed(images)};
  if (is_training() && options.dropout() > 0) x = {at::dropout(x.x, options.dropout(), true)};
  for (const auto& each : *blocks) {
    const auto run = [block = each->as<Block>()](const nn::Residual& in) { return block->forward(in); };
    x = nn::checkpointed_stream(run, x);
  }
  return norm.is_empty() ? x.sum() : nn::sum_and_norm(x, norm).normed;
}

std::vector<AttentionLayer> VisionTransformerImpl::attention_layers(std::array<std::int64_t, 2> /*size*/) {
  std::vector<AttentionLayer> layers;
  for (std::size_t i = 0; i < blocks->size(); ++i) {
    layers.push_back({"blocks." + std::to_string(i) + ".attn", AttentionKind::tokens, blocks[i]->as<Block>()->attn.get(), grid(),
                      prefix_tokens()});
  }
  return layers;
}

at::Tensor VisionTransformerImpl::pool(const at::Tensor& tokens) {
  if (options.pooling() == Pooling::average) {
    const auto mean = tokens.slice(1, prefix_tokens()).mean(1);
    return fc_norm.is_empty() ? mean : fc_norm->forward(mean);
  }
  return options.distilled() ? tokens.slice(1, 0, 2) : tokens.select(1, 0);
}

at::Tensor VisionTransformerImpl::forward_head(const at::Tensor& pooled) {
  if (head.is_empty()) return pooled;
  if (!options.distilled()) return head->forward(pooled.contiguous());
  const auto both = at::stack(
      {head->forward(pooled.select(1, 0).contiguous()), head_dist->forward(pooled.select(1, 1).contiguous())}, 1);
  return is_training() ? both : both.mean(1);
}

}  // namespace vitral::vit
