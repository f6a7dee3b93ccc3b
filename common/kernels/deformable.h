/// The sampling of multi-scale deformable attention (Zhu et al. 2021, Deformable DETR, equation 3): every query gathers
/// a weighted sum of a few points of each map.
#pragma once

#include <cstdint>

#include "common/kernels/cpu.h"
#include "common/kernels/dtype.h"

namespace vitral::kernels {

struct DeformableArgs {
  DType dtype = DType::f32;  ///< of value and out
  std::int64_t batch = 0, queries = 0, heads = 0, levels = 0, points = 0;
  std::int64_t tokens = 0;              ///< S, of all levels together
  std::int64_t dim = 0;                 ///< D, of one head
  const std::int64_t* sizes = nullptr;  ///< [levels, 2]: height and width of each map; one after another in the tokens
  const void* value = nullptr;          ///< [batch, S, heads, D]
  const float* locations = nullptr;     ///< [batch, queries, heads, levels, points, 2], x and y from 0 to 1 of a map
  const float* weights = nullptr;       ///< [batch, queries, heads, levels, points]
  bool nearest = false;  ///< one pixel a point, those outside moved to the edge; else bilinear with zeros outside
  void* out = nullptr;   ///< [batch, queries, heads * D], summed in fp32
};

/// Points of all levels that one query may look at.
constexpr std::int64_t kMostDeformablePoints = 256;

/// Throws Error(failed) for sizes and pointers that do not go together.
void check_deformable(const DeformableArgs& args);

/// Queries [begin, end) of batch * queries, of arguments that have been checked.
void deformable(const DeformableArgs& args, std::int64_t begin, std::int64_t end,
                const CpuFeatures& cpu = this_cpu().features);

}  // namespace vitral::kernels
