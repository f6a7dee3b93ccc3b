/// Windows on a feature map, shifted or not (Liu et al. 2021, section 3.2).
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "common/nn/window_attention.h"

namespace vitral::swin {

/// {rows, columns}
using Size = std::array<std::int64_t, 2>;

/// Whose rules hold where the window does not divide the map, or covers it. They differ in the logits.
enum class Convention {
  timm,          ///< each side clamped by itself; the map is shifted, then padded
  torchvision,   ///< never clamped; padded, then shifted, not along a side that one window covers
  transformers,  ///< padded, then shifted; v2's windows are square, by the rows, and its mask counts twice
  original,      ///< square, clamped to the shorter side, then without shift; padded as the authors' detectors do
};

/// From BuildOptions::origin; timm where it is empty or not one of these.
Convention convention_of(std::string_view origin);

/// The window of a stage and how far odd blocks shift it.
struct Window {
  Size size{7, 7};
  Size shift{3, 3};
};

/// What becomes of a window of `wanted` x `wanted` in a network built for a map of `map`.
Window fit_window(std::int64_t wanted, const Size& map, Convention convention, bool v2);

/// Partition of one map, computed once.
struct WindowLayout {
  nn::WindowTable table;
  /// fp32 [kinds, 1, N, N]: 0, or a large negative number between parts that the shift brought together. Undefined
  /// without a shift.
  at::Tensor masks;
};

/// The layout of a map of `map` tokens. `shifted`: of the odd blocks.
WindowLayout lay_out(const Size& map, const Window& window, bool shifted, Convention convention, bool v2,
                     const at::Device& device);

}  // namespace vitral::swin
