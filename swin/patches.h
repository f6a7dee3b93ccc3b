/// How pictures become tokens, and how tokens merge from stage to stage.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include "common/nn/conv.h"
#include "common/nn/level_projection.h"
#include "common/nn/linear.h"
#include "common/nn/norm.h"
#include "swin/window.h"

namespace vitral::swin {

/// Tokens of a feature map, row by row.
struct TokenMap {
  at::Tensor tokens;  ///< [B, H * W, C]
  Size size;          ///< {H, W}
};

/// Non-overlapping patches, projected and normed. Children `proj` and `norm`.
class PatchEmbedImpl : public torch::nn::Cloneable<PatchEmbedImpl>, public nn::TwoFaced {
 public:
  PatchEmbedImpl(std::int64_t in_chans, std::int64_t dim, std::int64_t patch, Convention convention);
  void reset() override;
  void train(bool on = true) override;
  /// images [B, in_chans, H, W], in inference also 8-bit levels [B, H, W, 3] whose sides are multiples of the patch,
  /// where prepare_for_inference() was told how they are normalised. Where the patch does not divide a side,
  /// transformers pads with zeros, torchvision cuts off the rest, and the others throw Error(usage).
  TokenMap forward(const at::Tensor& images);

  std::int64_t in_chans, dim, patch;
  Convention convention;
  nn::Conv2d proj = nullptr;
  nn::LayerNorm norm = nullptr;

 private:
  void drop_packed() override { from_levels_.drop(); }
  at::Tensor fit(const at::Tensor& images) const;
  nn::LevelProjection from_levels_;
};
TORCH_MODULE(PatchEmbed);

/// Four neighbours become one token of twice the width (Liu et al. 2021, section 3.1); an odd side is padded with
/// zeros. Children `reduction` [2C, 4C] and `norm`, before it [4C] in v1 and behind it [2C] in v2.
class PatchMergingImpl : public torch::nn::Cloneable<PatchMergingImpl> {
 public:
  PatchMergingImpl(std::int64_t dim, bool norm_first);
  void reset() override;
  /// A map of H x W with C channels -> (H + 1) / 2 x (W + 1) / 2 with 2C.
  TokenMap forward(const TokenMap& x);

  std::int64_t dim;
  bool norm_first;
  nn::Linear reduction = nullptr;
  nn::LayerNorm norm = nullptr;
};
TORCH_MODULE(PatchMerging);

}  // namespace vitral::swin
