/// Relative position bias: from a table over all offsets inside a window (Liu et al. 2021, equation 4), or from the
/// offsets by a small network (Liu et al. 2022, section 3.4).
#pragma once

#include <ATen/core/Tensor.h>

#include "swin/window.h"

namespace vitral::swin {

/// table [(2h - 1) * (2w - 1), heads], offsets (query - key) in rows of ascending order -> [heads, h * w, h * w].
at::Tensor bias_from_table(const at::Tensor& table, const Size& window);

/// Offsets on a logarithmic scale, [(2h - 1) * (2w - 1), 2] fp32: sign(x) log2(1 + |x|) / 3 of offsets scaled to [-8,
/// 8] by the window that the network was trained with first (`pretrained`, 0: this one).
at::Tensor log_offsets(const Size& window, const Size& pretrained);

/// A table for another window as microsoft/Swin-Transformer makes it: bicubic, corners not aligned. Square windows.
at::Tensor resample_table_bicubic(const at::Tensor& table, const Size& from, const Size& to);

/// As timm does it (after BEiT): the source's offsets are spread in geometric progression, so that small offsets keep
/// their resolution, and interpolated linearly.
at::Tensor resample_table_geometric(const at::Tensor& table, const Size& from, const Size& to);

}  // namespace vitral::swin
