/// One byte of a resized picture: Pillow's fixed point, shared by processors and GPUs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/kernels/dtype.h"
#include "common/kernels/resize.h"

namespace vitral::kernels {
namespace {

/// clamp((sum of weight * input + 0.5) >> kResampleBits) of `count` inputs, `step` bytes apart.
VITRAL_INLINE std::uint8_t weighted_byte(const std::uint8_t* from, std::size_t step, const std::int32_t* weights,
                                         std::int32_t count) {
  std::int32_t sum = std::int32_t{1} << (kResampleBits - 1);
  for (std::int32_t i = 0; i < count; ++i) sum += from[static_cast<std::size_t>(i) * step] * weights[i];
  sum >>= kResampleBits;
  return static_cast<std::uint8_t>(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

}  // namespace
}  // namespace vitral::kernels
