/// Where the tokens of several maps stand (Zhu et al. 2021, Deformable DETR, appendix A.4). S tokens on L levels, level
/// after level, row by row; `padding` is for each level bool [B, h, w], true = padding.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace vitral::detr {

/// A box around every token, larger on coarser levels.
struct Proposals {
  at::Tensor logits;  ///< fp32 [B, S, 4], inverse sigmoids of cxcywh; infinite where `valid` is false
  at::Tensor valid;   ///< bool [B, S, 1]; false: padding, or too near to the edge
};

Proposals proposals_of(const std::vector<at::Tensor>& padding);

struct TokenPlaces {
  at::Tensor positions;   ///< fp32 [B, S, C], sines of each token's place on its level
  at::Tensor references;  ///< fp32 [B, S, L, 2], the middle of each token as a point (x, y) of every level's map
  at::Tensor ratios;      ///< fp32 [B, L, 2], share of a level's width and height that is no padding
  at::Tensor padding;     ///< bool [B, S], true = padding; or nothing where there is none
  Proposals proposals;
};

/// dim: channels of the positions. masked: whether any of `padding` may be true.
TokenPlaces token_places(const std::vector<at::Tensor>& padding, std::int64_t dim, bool masked);

}  // namespace vitral::detr
