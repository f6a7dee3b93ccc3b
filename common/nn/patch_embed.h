/// Pictures to patch tokens.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include "common/nn/conv.h"
#include "common/nn/level_projection.h"

namespace vitral::nn {

/// Non-overlapping patches, each projected to a token (Dosovitskiy et al. 2021, equation 1). Child `proj`: a convolution
/// whose kernel and stride are the patch; in inference it is one matrix product over the gathered patches.
class PatchEmbedImpl : public torch::nn::Cloneable<PatchEmbedImpl>, public TwoFaced {
 public:
  PatchEmbedImpl(std::int64_t in_chans, std::int64_t dim, std::int64_t patch);
  void reset() override;
  void train(bool on = true) override;
  /// images [B, C, H, W], H and W multiples of the patch -> [B, (H / p) * (W / p), dim], row by row. In inference also
  /// 8-bit levels [B, H, W, 3], where prepare_for_inference() was told how they are normalised.
  at::Tensor forward(const at::Tensor& images);
  /// The same as a map [B, dim, H / p, W / p].
  at::Tensor forward_map(const at::Tensor& images);

  std::int64_t in_chans, dim, patch;
  Conv2d proj = nullptr;

 private:
  void drop_packed() override { from_levels_.drop(); }
  LevelProjection from_levels_;
};
TORCH_MODULE(PatchEmbed);

}  // namespace vitral::nn
