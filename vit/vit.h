/// The Vision Transformer (Dosovitskiy et al. 2021) and its children: DeiT and its distilled form (Touvron et al. 2021),
/// DeiT-III (Touvron et al. 2022).
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/pimpl.h>

#include "common/nn/attention.h"
#include "common/nn/mlp.h"
#include "common/nn/norm.h"
#include "common/nn/patch_embed.h"
#include "common/nn/residual.h"
#include "common/runtime/attentive.h"
#include "common/runtime/model.h"

namespace vitral::vit {

/// What the head sees.
enum class Pooling { class_token, average };

struct VisionTransformerOptions {
  TORCH_ARG(std::int64_t, image_height) = 224;
  TORCH_ARG(std::int64_t, image_width) = 224;
  TORCH_ARG(std::int64_t, patch) = 16;
  TORCH_ARG(std::int64_t, in_chans) = 3;
  TORCH_ARG(std::int64_t, num_classes) = 1000;  ///< 0: no head
  TORCH_ARG(std::int64_t, dim) = 768;
  TORCH_ARG(std::int64_t, depth) = 12;
  TORCH_ARG(std::int64_t, heads) = 12;
  TORCH_ARG(double, mlp_ratio) = 4.0;
  TORCH_ARG(bool, qkv_bias) = true;
  TORCH_ARG(double, norm_eps) = 1e-6;
  TORCH_ARG(Pooling, pooling) = Pooling::class_token;
  TORCH_ARG(bool, norm_before_pool) = false;  ///< with Pooling::average: norm all tokens, not the mean
  TORCH_ARG(bool, class_token) = true;
  TORCH_ARG(std::int64_t, register_tokens) = 0;
  TORCH_ARG(bool, distilled) = false;             ///< a second token and a second head, averaged in evaluation
  TORCH_ARG(bool, positions_with_prefix) = true;  ///< false: the table has entries for patches only (DeiT-III)
  TORCH_ARG(double, layer_scale) = 0.0;           ///< initial value, 0: none
  TORCH_ARG(double, drop_path) = 0.0;
  TORCH_ARG(double, dropout) = 0.0;
};

/// Pre-norm encoder layer: x + ls1(attn(norm1(x))), then x + ls2(mlp(norm2(x))).
/// Children `norm1`, `attn`, `ls1`, `norm2`, `mlp`, `ls2`.
class BlockImpl : public torch::nn::Cloneable<BlockImpl> {
 public:
  BlockImpl(const VisionTransformerOptions& options_, double drop_path_rate_);
  void reset() override;
  /// A stream of [B, N, C] -> the same.
  nn::Residual forward(const nn::Residual& stream);

  VisionTransformerOptions options;
  double drop_path_rate;
  nn::LayerNorm norm1 = nullptr, norm2 = nullptr;
  nn::MultiheadAttention attn = nullptr;
  nn::Mlp mlp = nullptr;
  nn::LayerScale ls1 = nullptr, ls2 = nullptr;
  nn::DropPath drop_path = nullptr;
};
TORCH_MODULE(Block);

/// Keys are timm's: `cls_token` [1, 1, C], `dist_token`, `reg_token` [1, R, C], `pos_embed` [1, N, C], `patch_embed.proj`, `blocks.{i}`,
/// `norm` or `fc_norm`, `head`, `head_dist`.
class VisionTransformerImpl : public torch::nn::Cloneable<VisionTransformerImpl>, public Classifier, public Attentive {
 public:
  explicit VisionTransformerImpl(const VisionTransformerOptions& options_);
  void reset() override;

  /// images [B, 3, H, W], or levels (takes_levels()) -> tokens [B, prefix + patches, C], normed where the class token is
  /// pooled.
  at::Tensor forward_features(const at::Tensor& images) override;
  /// tokens -> [B, C]; distilled: [B, 2, C], class and distillation token.
  at::Tensor pool(const at::Tensor& tokens) override;
  /// pooled -> [B, K]; distilled in evaluation: the mean of both heads, in training [B, 2, K].
  at::Tensor forward_head(const at::Tensor& pooled) override;
  using Classifier::forward;
  torch::nn::Module& module() override { return *this; }
  std::vector<std::string> head_names() const override;
  std::optional<std::array<std::int64_t, 2>> fixed_size() const override {
    return std::array{options.image_height(), options.image_width()};
  }

  bool takes_levels(std::array<std::int64_t, 2> size) const override {
    return options.in_chans() == 3 && size[0] % options.patch() == 0 && size[1] % options.patch() == 0;
  }

  std::vector<AttentionLayer> attention_layers(std::array<std::int64_t, 2> size) override;

  /// Tokens before the patches.
  std::int64_t prefix_tokens() const;
  /// Patches by row and column.
  std::array<std::int64_t, 2> grid() const;

  VisionTransformerOptions options;
  nn::PatchEmbed patch_embed = nullptr;
  at::Tensor cls_token, dist_token, reg_token, pos_embed;
  torch::nn::ModuleList blocks = nullptr;
  nn::LayerNorm norm = nullptr, fc_norm = nullptr;
  nn::Linear head = nullptr, head_dist = nullptr;

 private:
  at::Tensor embed(const at::Tensor& images);
};
TORCH_MODULE(VisionTransformer);

}  // namespace vitral::vit
