/// Transformer in Transformer (Han et al. 2021): patches are sentences of pixel tokens, and both levels attend.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/pimpl.h>

#include "common/nn/conv.h"
#include "common/nn/mlp.h"
#include "common/nn/norm.h"
#include "common/nn/residual.h"
#include "common/runtime/attentive.h"
#include "common/runtime/model.h"
#include "vit/tnt_attention.h"

namespace vitral::vit {

struct TntOptions {
  std::int64_t grid_rows() const { return image_height() / patch(); }
  std::int64_t grid_columns() const { return image_width() / patch(); }
  std::int64_t patches() const { return grid_rows() * grid_columns(); }
  /// Pixel tokens along a side of a patch.
  std::int64_t side() const { return (patch() + stride() - 1) / stride(); }

  TORCH_ARG(std::int64_t, image_height) = 224;
  TORCH_ARG(std::int64_t, image_width) = 224;
  TORCH_ARG(std::int64_t, patch) = 16;
  TORCH_ARG(std::int64_t, stride) = 4;  ///< of the pixel embedding: (patch / stride)^2 pixel tokens in a patch
  TORCH_ARG(std::int64_t, in_chans) = 3;
  TORCH_ARG(std::int64_t, num_classes) = 1000;  ///< 0: no head
  TORCH_ARG(std::int64_t, dim) = 384;           ///< of patch tokens
  TORCH_ARG(std::int64_t, heads) = 6;
  TORCH_ARG(std::int64_t, inner_dim) = 24;  ///< of pixel tokens
  TORCH_ARG(std::int64_t, inner_heads) = 4;
  TORCH_ARG(std::int64_t, depth) = 12;
  TORCH_ARG(double, mlp_ratio) = 4.0;
  /// timm's first port: the convolution sees the whole picture, and blocks norm pixel tokens one by one before
  /// projecting them, with a bias and without a norm behind.
  TORCH_ARG(bool, legacy) = false;
  TORCH_ARG(double, drop_path) = 0.0;
  TORCH_ARG(double, dropout) = 0.0;
};

/// Both levels of tokens.
struct TntTokens {
  at::Tensor pixels;   ///< [B * P, side * side, inner_dim]
  at::Tensor patches;  ///< [B, 1 + P, dim], the class token first
};

/// Pictures to pixel tokens. Child `proj`, a convolution of 7 x 7.
class PixelEmbedImpl : public torch::nn::Cloneable<PixelEmbedImpl> {
 public:
  explicit PixelEmbedImpl(const TntOptions& options_) : options(options_) { reset(); }
  void reset() override;
  /// images [B, C, H, W], positions [1, c, side, side] -> [B * P, side * side, c]
  at::Tensor forward(const at::Tensor& images, const at::Tensor& positions);

  TntOptions options;
  nn::Conv2d proj = nullptr;
};
TORCH_MODULE(PixelEmbed);

/// Children `norm_in`, `attn_in`, `norm_mlp_in`, `mlp_in` (pixels); `norm1_proj`, `proj`, `norm2_proj` (pixels to
/// patches); `norm_out`, `attn_out`, `norm_mlp`, `mlp` (patches).
class TntBlockImpl : public torch::nn::Cloneable<TntBlockImpl> {
 public:
  TntBlockImpl(const TntOptions& options_, double drop_path_rate_);
  void reset() override;
  TntTokens forward(const TntTokens& x);

  TntOptions options;
  double drop_path_rate;
  nn::LayerNorm norm_in = nullptr, norm_mlp_in = nullptr, norm1_proj = nullptr, norm2_proj = nullptr,
                norm_out = nullptr, norm_mlp = nullptr;
  TntAttention attn_in = nullptr, attn_out = nullptr;
  nn::Mlp mlp_in = nullptr, mlp = nullptr;
  nn::Linear proj = nullptr;
  nn::DropPath drop_path = nullptr;

 private:
  at::Tensor sentences(const at::Tensor& pixels, std::int64_t batch);
  at::Tensor encode(const at::Tensor& x, nn::LayerNorm& norm, TntAttention& attention, nn::LayerNorm& mlp_norm,
                    nn::Mlp& feed);
};
TORCH_MODULE(TntBlock);

/// Keys are timm's: `pixel_embed.proj`, `pixel_pos` [1, c, side, side], `norm1_proj`, `proj`, `norm2_proj`,
/// `cls_token`, `patch_pos` [1, 1 + P, C], `blocks.{i}`, `norm`, `head`.
class TntImpl : public torch::nn::Cloneable<TntImpl>, public Classifier, public Attentive {
 public:
  explicit TntImpl(const TntOptions& options_) : options(options_) { reset(); }
  void reset() override;

  /// images [B, in_chans, H, W] of the size that the network was built for -> normed patch tokens [B, 1 + P, C].
  /// Throws Error(usage) for another size.
  at::Tensor forward_features(const at::Tensor& images) override;
  /// tokens -> the class token [B, C].
  at::Tensor pool(const at::Tensor& tokens) override { return tokens.select(1, 0); }
  at::Tensor forward_head(const at::Tensor& pooled) override;
  using Classifier::forward;
  torch::nn::Module& module() override { return *this; }
  std::vector<std::string> head_names() const override { return {"head"}; }
  std::optional<std::array<std::int64_t, 2>> fixed_size() const override {
    return {{options.image_height(), options.image_width()}};
  }

  /// Of the patch tokens; pixel tokens see nothing but their own patch.
  std::vector<AttentionLayer> attention_layers(std::array<std::int64_t, 2> size) override;

  TntOptions options;
  PixelEmbed pixel_embed = nullptr;
  nn::LayerNorm norm1_proj = nullptr, norm2_proj = nullptr, norm = nullptr;
  nn::Linear proj = nullptr, head = nullptr;
  at::Tensor cls_token, patch_pos, pixel_pos;
  torch::nn::ModuleList blocks = nullptr;

 private:
  TntTokens embed(const at::Tensor& images);
};
TORCH_MODULE(Tnt);

}  // namespace vitral::vit
