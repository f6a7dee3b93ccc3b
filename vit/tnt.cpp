#include "vit/tnt.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/empty.h>

#include "common/core/error.h"
#include "common/nn/checkpoint.h"
#include "common/nn/init.h"

namespace vitral::vit {
namespace {

constexpr double kEps = 1e-5;

/// [B, C, H, W] -> [B * rows * columns, C, size, size], leaving out what is less than a patch.
at::Tensor cut(const at::Tensor& images, std::int64_t size) {
  const std::int64_t rows = images.size(2) / size, columns = images.size(3) / size;
  return images.slice(2, 0, rows * size)
      .slice(3, 0, columns * size)
      .reshape({images.size(0), images.size(1), rows, size, columns, size})
      .permute({0, 2, 4, 1, 3, 5})
      .reshape({-1, images.size(1), size, size});
}

}  // namespace

void PixelEmbedImpl::reset() {
  proj = register_module("proj", nn::Conv2d(nn::Conv2dOptions(options.in_chans(), options.inner_dim(), 7)
                                                .stride(options.stride())
                                                .padding(3)
                                                .bias(true)));
}

at::Tensor PixelEmbedImpl::forward(const at::Tensor& images, const at::Tensor& positions) {
  // The authors pad every patch by itself, so a patch's pixels never see its neighbours'.
  const auto maps = options.legacy() ? cut(proj->forward(images), options.side())
                                     : proj->forward(cut(images, options.patch()));  // [B * P, c, side, side]
  const auto pixels = maps + positions.to(maps.scalar_type());
  return pixels.flatten(2).transpose(1, 2).contiguous();
}

TntBlockImpl::TntBlockImpl(const TntOptions& options_, double drop_path_rate_)
    : options(options_), drop_path_rate(drop_path_rate_) {
  reset();
}

void TntBlockImpl::reset() {
  const auto& o = options;
  const std::int64_t inner = o.inner_dim(), sentence = o.side() * o.side() * inner;
  const auto norm = [this](const char* name, std::int64_t dim) {
    return register_module(name, nn::LayerNorm(dim, kEps));
  };
  const auto mlp_of = [this](const char* name, std::int64_t dim, double ratio) {
    const auto hidden = static_cast<std::int64_t>(static_cast<double>(dim) * ratio);
    return register_module(name, nn::Mlp(nn::MlpOptions(dim, hidden).dropout(options.dropout())));
  };
  norm_in = norm("norm_in", inner);
  attn_in = register_module("attn_in", TntAttention(inner, o.inner_heads()));
  norm_mlp_in = norm("norm_mlp_in", inner);
  mlp_in = mlp_of("mlp_in", inner, 4.0);
  norm1_proj = norm("norm1_proj", o.legacy() ? inner : sentence);
  proj = register_module("proj", nn::Linear(sentence, o.dim(), o.legacy()));
  if (!o.legacy()) norm2_proj = norm("norm2_proj", o.dim());
  norm_out = norm("norm_out", o.dim());
  attn_out = register_module("attn_out", TntAttention(o.dim(), o.heads()));
  norm_mlp = norm("norm_mlp", o.dim());
  mlp = mlp_of("mlp", o.dim(), o.mlp_ratio());
  drop_path = register_module("drop_path", nn::DropPath(drop_path_rate));
}

/// One pre-norm encoder layer, at either level.
at::Tensor TntBlockImpl::encode(const at::Tensor& x, nn::LayerNorm& norm, TntAttention& attention,
                                nn::LayerNorm& mlp_norm, nn::Mlp& feed) {
  if (drop_path->is_identity()) {
    const auto stream = nn::branch_of(
        x, mlp_norm, [&](const at::Tensor& residual) { return attention->forward(norm->forward(x), residual); });
    const auto [attended, input] = nn::sum_and_norm(stream, mlp_norm);
    return feed->forward(input, attended);
  }
  const auto attended = x + drop_path->forward(attention->forward(norm->forward(x)));
  return attended + drop_path->forward(feed->forward(mlp_norm->forward(attended)));
}

/// pixels [B * P, n, c] -> what they tell their patches, [B, P, dim].
at::Tensor TntBlockImpl::sentences(const at::Tensor& pixels, std::int64_t batch) {
  const auto joined = [&](const at::Tensor& x) { return x.reshape({batch, -1, x.size(1) * x.size(2)}); };
  if (options.legacy()) return proj->forward(joined(norm1_proj->forward(pixels)));
  return norm2_proj->forward(proj->forward(norm1_proj->forward(joined(pixels))));
}

TntTokens TntBlockImpl::forward(const TntTokens& x) {
  const auto pixels = encode(x.pixels, norm_in, attn_in, norm_mlp_in, mlp_in);
  const auto told = x.patches.slice(1, 1) + sentences(pixels, x.patches.size(0));  // [B, P, dim]
  const auto patches = at::cat({x.patches.slice(1, 0, 1), told}, 1);
  return {pixels, encode(patches, norm_out, attn_out, norm_mlp, mlp)};
}

void TntImpl::reset() {
  const auto& o = options;
  const std::int64_t sentence = o.side() * o.side() * o.inner_dim();
  const auto table = [this](const char* name, at::IntArrayRef shape) {
    auto parameter = register_parameter(name, at::empty(shape));
    nn::trunc_normal_(parameter, 0.02);
    return parameter;
  };
  pixel_embed = register_module("pixel_embed", PixelEmbed(o));
  norm1_proj = register_module("norm1_proj", nn::LayerNorm(sentence, kEps));
  proj = register_module("proj", nn::Linear(sentence, o.dim()));
  norm2_proj = register_module("norm2_proj", nn::LayerNorm(o.dim(), kEps));
  cls_token = table("cls_token", {1, 1, o.dim()});
  patch_pos = table("patch_pos", {1, 1 + o.patches(), o.dim()});
  pixel_pos = table("pixel_pos", {1, o.inner_dim(), o.side(), o.side()});
  blocks = register_module("blocks", torch::nn::ModuleList());
  for (const double rate : nn::drop_path_rates(o.drop_path(), o.depth())) blocks->push_back(TntBlock(o, rate));
  norm = register_module("norm", nn::LayerNorm(o.dim(), kEps));
  if (o.num_classes() > 0) head = register_module("head", nn::Linear(o.dim(), o.num_classes()));
}

TntTokens TntImpl::embed(const at::Tensor& images) {
  const auto& o = options;
  if (images.size(2) != o.image_height() || images.size(3) != o.image_width()) {
    throw Error(ErrorKind::usage, "input of " + std::to_string(images.size(2)) + "x" + std::to_string(images.size(3)),
                "this network takes " + std::to_string(o.image_height()) + "x" + std::to_string(o.image_width()));
  }
  const std::int64_t batch = images.size(0);
  const auto pixels = pixel_embed->forward(images, pixel_pos);
  const auto patches = norm2_proj->forward(proj->forward(norm1_proj->forward(pixels.view({batch, o.patches(), -1}))));
  const auto first = cls_token.to(patches.scalar_type()).expand({batch, -1, -1});
  return {pixels, at::cat({first, patches}, 1) + patch_pos.to(patches.scalar_type())};
}

at::Tensor TntImpl::forward_features(const at::Tensor& images) {
  auto x = embed(images);
  if (is_training() && options.dropout() > 0) x.patches = at::dropout(x.patches, options.dropout(), true);
  for (const auto& each : *blocks) {
    const auto run = [block = each->as<TntBlock>()](const nn::Tensors& in) {
      const auto y = block->forward({in[0], in[1]});
      return nn::Tensors{y.pixels, y.patches};
    };
    const auto y = nn::checkpointed(run, nn::Tensors{x.pixels, x.patches});
    x = {y[0], y[1]};
  }
  return norm->forward(x.patches);
}

std::vector<AttentionLayer> TntImpl::attention_layers(std::array<std::int64_t, 2> /*size*/) {
  std::vector<AttentionLayer> layers;
  for (std::size_t i = 0; i < blocks->size(); ++i) {
    layers.push_back({"blocks." + std::to_string(i) + ".attn_out", AttentionKind::tokens,
                      blocks[i]->as<TntBlock>()->attn_out.get(), {options.grid_rows(), options.grid_columns()}, 1});
  }
  return layers;
}

at::Tensor TntImpl::forward_head(const at::Tensor& pooled) {
  return head.is_empty() ? pooled : head->forward(pooled.contiguous());
}

}  // namespace vitral::vit
