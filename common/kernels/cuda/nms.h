/// Non-maximum suppression on a GPU: first which boxes every box would suppress, all pairs at once, as bits; then one
/// pass over them, best box first. Arithmetic and rules are those of common/core/nms.h, so the results are equal.
#pragma once

#include "common/kernels/cuda/launch.h"

namespace vitral::kernels::cuda {

/// Boxes ranked by score, best first. Pointers are the GPU's.
struct NmsArgs {
  const float* boxes = nullptr;           ///< [count, 4] xyxy
  const std::int64_t* classes = nullptr;  ///< [count]: only boxes of one class meet; null: all do
  const bool* usable = nullptr;           ///< [count]: false for what is no number, which neither stays nor suppresses
  std::int64_t count = 0;
  float threshold = 0;            ///< boxes go where the overlap is above it
  std::uint64_t* bits = nullptr;  ///< [count, words()]: scratch
  bool* stays = nullptr;          ///< [count]

  VITRAL_INLINE std::int64_t words() const { return (count + 63) / 64; }
};

/// So many boxes at most: the bits of more would fill the memory.
constexpr std::int64_t kMostNmsBoxes = std::int64_t{1} << 15;

void nms(const NmsArgs& args, Stream stream);

/// The same by the same arithmetic on the host, for tests.
void nms_on_host(const NmsArgs& args);

}  // namespace vitral::kernels::cuda
