/// The sampling at the heart of multi-scale deformable attention (Zhu et al. 2021, Deformable DETR, equation 3).
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <span>

namespace vitral::nn {

/// {height, width} of one level's map; levels follow one another in a sequence of tokens, each row by row.
using MapSize = std::array<std::int64_t, 2>;

/// Tokens of all levels together.
std::int64_t token_count(std::span<const MapSize> levels);

enum class Sampling {
  bilinear,  ///< between the four nearest pixels, zeros outside the map
  discrete,  ///< the nearest pixel, those outside the map moved to its edge (RT-DETR v2)
};

/// What each query gathers from the maps: the weighted sum of P samples on each of L levels.
/// value [B, S, H, D] with S = token_count(levels); locations [B, Q, H, L, P, 2] fp32 as x, y from 0 to 1 of a level's
/// map; weights [B, Q, H, L, P] fp32 -> [B, Q, H * D] in value's dtype, summed in fp32. Differentiable in all three
/// (not in the locations of discrete samples). Without gradients a kernel runs
/// (common/kernels/deformable.h, on a GPU common/kernels/cuda where it was built). Throws Error(failed) where the shapes do not belong together.
at::Tensor deformable_attend(const at::Tensor& value, std::span<const MapSize> levels, const at::Tensor& locations,
                             const at::Tensor& weights, Sampling sampling);

/// The same by LibTorch's grid_sampler, of shapes that belong together.
at::Tensor deformable_attend_plain(const at::Tensor& value, std::span<const MapSize> levels,
                                   const at::Tensor& locations, const at::Tensor& weights, Sampling sampling);

}  // namespace vitral::nn
