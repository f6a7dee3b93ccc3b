/// Where deformable sampling looks: the index arithmetic that processors and GPUs share.
#pragma once

#include "common/kernels/deformable.h"

namespace vitral::kernels {
namespace {

VITRAL_INLINE float floor_of(float x) {
#ifdef __CUDA_ARCH__
  return floorf(x);
#else
  return __builtin_floorf(x);
#endif
}

/// The pixel that a coordinate falls into, moved to the edge. The comparisons send what is no number to the first one.
VITRAL_INLINE std::int64_t nearest_pixel(float at, std::int64_t size) {
  const auto last = static_cast<float>(size - 1);
  const float rounded = floor_of(at + 0.5F);
  return static_cast<std::int64_t>(rounded > 0 ? (rounded < last ? rounded : last) : 0.0F);
}

/// Calls visit(row, column, weight) for the pixels around (x, y) that exist.
template <class Visit>
VITRAL_INLINE void for_each_bilinear(std::int64_t height, std::int64_t width, float x, float y, float weight,
                                     const Visit& visit) {
  const bool near = x > -1.0F && y > -1.0F && x < static_cast<float>(width) && y < static_cast<float>(height);
  if (!near) return;  // no number comes here either
  const float left_edge = floor_of(x), top_edge = floor_of(y);
  const auto left = static_cast<std::int64_t>(left_edge), top = static_cast<std::int64_t>(top_edge);
  const float right_share = x - left_edge, low_share = y - top_edge;
  const float high = weight * (1 - low_share), low = weight * low_share;
  if (top >= 0 && left >= 0) visit(top, left, high * (1 - right_share));
  if (top >= 0 && left + 1 < width) visit(top, left + 1, high * right_share);
  if (top + 1 < height && left >= 0) visit(top + 1, left, low * (1 - right_share));
  if (top + 1 < height && left + 1 < width) visit(top + 1, left + 1, low * right_share);
}

/// Calls visit(pixel, weight) for all that one query's head takes from all maps. `value`: this head's part of the first
/// token of the picture; `locations` and `weights`: of this query and head.
template <class T, class Visit>
VITRAL_INLINE void for_each_tap(const DeformableArgs& args, const T* value, const float* locations,
                                const float* weights, const Visit& visit) {
  const std::int64_t stride = args.heads * args.dim;  // from token to token
  for (std::int64_t level = 0; level < args.levels; ++level) {
    const std::int64_t height = args.sizes[2 * level], width = args.sizes[2 * level + 1];
    for (std::int64_t point = 0; point < args.points; ++point, locations += 2, ++weights) {
      const float x = locations[0] * static_cast<float>(width), y = locations[1] * static_cast<float>(height);
      if (args.nearest) {
        visit(value + (nearest_pixel(y, height) * width + nearest_pixel(x, width)) * stride, *weights);
      } else {
        for_each_bilinear(height, width, x - 0.5F, y - 0.5F, *weights,
                          [&](std::int64_t row, std::int64_t column, float share)
                              VITRAL_INLINE_LAMBDA { visit(value + (row * width + column) * stride, share); });
      }
    }
    value += height * width * stride;
  }
}

}  // namespace
}  // namespace vitral::kernels
