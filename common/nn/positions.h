/// Where a token stands: learnt tables resampled as each origin does it, and fixed sinusoids.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

namespace vitral::nn {

/// How a learnt position table is resampled to another grid. They differ in the last digits or in the first.
enum class PositionResample {
  timm,          ///< bicubic, antialiased, corners not aligned (timm resample_abs_pos_embed)
  torchvision,   ///< bicubic, corners aligned (torchvision interpolate_embeddings)
  transformers,  ///< bicubic, corners not aligned, no antialias (also the DeiT repository's fine-tuning)
  jax,           ///< order-1 zoom: bilinear, corners aligned (google-research/vision_transformer)
};

/// table [1, prefix + h * w, C] for a grid of `from` = {h, w} -> [1, prefix + h' * w', C] for `to`; the first `prefix`
/// tokens (class, distillation) stay. fp32 inside.
at::Tensor resample_positions(const at::Tensor& table, std::array<std::int64_t, 2> from, std::array<std::int64_t, 2> to,
                              std::int64_t prefix, PositionResample how);

/// positions [...] -> [..., dim]: sines in the even channels, cosines in the odd, of two channels one frequency,
/// temperature^(-2k / dim).
at::Tensor interleaved_sines(const at::Tensor& positions, std::int64_t dim, double temperature);

/// Sinusoids of the original Transformer (Vaswani et al. 2017, section 3.5): even channels sine, odd cosine. -> [length, dim]
at::Tensor sine_positions_1d(std::int64_t length, std::int64_t dim);

struct Sine2dOptions {
  double temperature = 10000.0;
  bool normalize = true;  ///< scale each axis to [0, 2 pi] by the last unpadded row and column
  double offset = 0.0;    ///< added to the running counts before scaling: DETR 0, Deformable DETR -0.5
};

/// DETR's 2-D sinusoids (Carion et al. 2020, appendix A.4). padding [B, H, W] bool, true = padding -> [B, dim, H, W] fp32;
/// the first dim / 2 channels encode y, the others x.
at::Tensor sine_positions_2d(const at::Tensor& padding, std::int64_t dim, const Sine2dOptions& options = {});

/// Sinusoids of tokens row by row with sines and cosines side by side, as RT-DETR has them: a quarter of the channels each
/// for sin(y), cos(y), sin(x), cos(x), with frequencies 10000^(-k / quarter). dim: a multiple of 4.
/// -> [1, height * width, dim] fp32.
at::Tensor sine_positions_by_axis(std::int64_t height, std::int64_t width, std::int64_t dim);

}  // namespace vitral::nn
