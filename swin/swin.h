/// The Swin Transformer (Liu et al. 2021) and its second version (Liu et al. 2022).
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/pimpl.h>

#include <array>
#include <vector>

#include "common/nn/mlp.h"
#include "common/nn/norm.h"
#include "common/nn/residual.h"
#include "common/runtime/attentive.h"
#include "common/runtime/model.h"
#include "swin/attention.h"
#include "swin/map_cache.h"
#include "swin/patches.h"
#include "swin/window.h"

namespace vitral::swin {

/// One number a stage.
using Stages = std::array<std::int64_t, 4>;

struct SwinTransformerOptions {
  TORCH_ARG(std::int64_t, image_height) = 224;  ///< decides, with most conventions, where windows are clamped
  TORCH_ARG(std::int64_t, image_width) = 224;
  TORCH_ARG(std::int64_t, patch) = 4;
  TORCH_ARG(std::int64_t, in_chans) = 3;
  TORCH_ARG(std::int64_t, num_classes) = 1000;  ///< 0: no head
  TORCH_ARG(std::int64_t, dim) = 96;            ///< of the first stage; each stage doubles it
  TORCH_ARG(Stages, depths) = {2, 2, 6, 2};
  TORCH_ARG(Stages, heads) = {3, 6, 12, 24};
  TORCH_ARG(Stages, windows) = {7, 7, 7, 7};
  TORCH_ARG(Stages, pretrained_windows) = {0, 0, 0, 0};  ///< v2 only, see WindowAttentionOptions
  TORCH_ARG(Version, version) = Version::v1;
  TORCH_ARG(Convention, convention) = Convention::timm;
  TORCH_ARG(double, mlp_ratio) = 4.0;
  TORCH_ARG(double, drop_path) = 0.0;
  TORCH_ARG(double, dropout) = 0.0;
};

/// What a stage and its blocks are made of.
struct StageOptions {
  std::int64_t dim, depth, heads;
  Window window;
  std::int64_t pretrained_window;
  bool downsample;
  Version version;
  Convention convention;
  double mlp_ratio, dropout;
  std::vector<double> drop_path;  ///< rate of each block
};

/// v1, pre-norm: x + attn(norm1(x)), then x + mlp(norm2(x)). v2, norms behind the branches (Liu et al. 2022,
/// section 3.2): x + norm1(attn(x)), then x + norm2(mlp(x)). Children `norm1`, `attn`, `norm2`, `mlp`.
class BlockImpl : public torch::nn::Cloneable<BlockImpl> {
 public:
  BlockImpl(const StageOptions& options_, double drop_path_rate_);
  void reset() override;
  /// A stream of [B, H * W, C], a map of `map` -> the same.
  nn::Residual forward(const nn::Residual& stream, const Size& map, const WindowLayout& layout);

  StageOptions options;
  double drop_path_rate;
  nn::LayerNorm norm1 = nullptr, norm2 = nullptr;
  WindowAttention attn = nullptr;
  nn::Mlp mlp = nullptr;
  nn::DropPath drop_path = nullptr;
};
TORCH_MODULE(Block);

/// Patch merging, but for the first stage, and blocks, every other one on shifted windows.
/// Children `downsample` and `blocks.{i}`.
class StageImpl : public torch::nn::Cloneable<StageImpl> {
 public:
  explicit StageImpl(const StageOptions& options_) : options(options_) { reset(); }
  void reset() override;
  TokenMap forward(const TokenMap& x);

  StageOptions options;
  PatchMerging downsample = nullptr;
  torch::nn::ModuleList blocks = nullptr;

 private:
  std::shared_ptr<const WindowLayout> layout(const TokenMap& x, bool shifted);
  MapCache<WindowLayout> straight_, shifted_;
};
TORCH_MODULE(Stage);

/// Child `fc`.
class HeadImpl : public torch::nn::Cloneable<HeadImpl> {
 public:
  HeadImpl(std::int64_t dim, std::int64_t num_classes) : dim(dim), num_classes(num_classes) { reset(); }
  void reset() override { fc = register_module("fc", nn::Linear(dim, num_classes)); }

  std::int64_t dim, num_classes;
  nn::Linear fc = nullptr;
};
TORCH_MODULE(Head);

/// Keys are timm's: `patch_embed`, `layers.{s}.downsample` (s > 0), `layers.{s}.blocks.{i}`, `norm`, `head.fc`.
class SwinTransformerImpl : public torch::nn::Cloneable<SwinTransformerImpl>,
                            public Classifier,
                            public Backbone,
                            public Attentive {
 public:
  explicit SwinTransformerImpl(const SwinTransformerOptions& options_);
  void reset() override;

  /// images [B, in_chans, H, W], or levels (takes_levels()) -> tokens [B, H / 32 * W / 32, 8 * dim], normed.
  at::Tensor forward_features(const at::Tensor& images) override;
  /// tokens -> their mean [B, 8 * dim].
  at::Tensor pool(const at::Tensor& tokens) override;
  at::Tensor forward_head(const at::Tensor& pooled) override;
  using Classifier::forward;
  torch::nn::Module& module() override { return *this; }
  std::vector<std::string> head_names() const override;
  bool takes_levels(std::array<std::int64_t, 2> size) const override {
    return options.in_chans() == 3 && size[0] % options.patch() == 0 && size[1] % options.patch() == 0;
  }

  /// images -> the four stages' maps [B, C, h, w], not normed (as timm's `features_only`), in channels_last layout.
  std::vector<at::Tensor> forward_maps(const at::Tensor& images) override;
  std::vector<std::int64_t> channels() const override;
  std::vector<std::int64_t> strides() const override;
  std::shared_ptr<torch::nn::Module> module_ptr() override { return shared_from_this(); }

  std::vector<AttentionLayer> attention_layers(std::array<std::int64_t, 2> size) override;

  /// The map of a stage for pictures of the size that the network was built for.
  Size grid(std::size_t stage) const;

  SwinTransformerOptions options;
  PatchEmbed patch_embed = nullptr;
  torch::nn::ModuleList layers = nullptr;
  nn::LayerNorm norm = nullptr;
  Head head = nullptr;

 private:
  StageOptions stage_options(std::size_t stage, const std::vector<double>& drop_path) const;
};
TORCH_MODULE(SwinTransformer);

}  // namespace vitral::swin
