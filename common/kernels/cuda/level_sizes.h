/// The maps' sizes as they travel with a kernel's arguments: by value, because the host's array stays with the host.
#pragma once

#include "common/core/error.h"
#include "common/kernels/cuda/deformable.h"

namespace vitral::kernels::cuda {
namespace {

struct LevelSizes {
  std::int64_t sizes[2 * kMostDeformableLevels];  ///< height and width of each

  explicit LevelSizes(const DeformableArgs& from) {
    if (from.levels > kMostDeformableLevels) throw Error(ErrorKind::failed, "deformable attention", "too many levels");
    for (std::int64_t i = 0; i < 2 * from.levels; ++i) sizes[i] = from.sizes[i];
  }

  VITRAL_INLINE std::int64_t height(std::int64_t level) const { return sizes[2 * level]; }
  VITRAL_INLINE std::int64_t width(std::int64_t level) const { return sizes[2 * level + 1]; }

  /// The first token of a level.
  VITRAL_INLINE std::int64_t begin(std::int64_t level) const {
    std::int64_t tokens = 0;
    for (std::int64_t i = 0; i < level; ++i) tokens += height(i) * width(i);
    return tokens;
  }
};

}  // namespace
}  // namespace vitral::kernels::cuda
