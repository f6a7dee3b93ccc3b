/// RoIAlign (He et al. 2017, Mask R-CNN, section 3), as torchvision.ops.roi_align.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace vitral::nn {

struct RoiAlignOptions {
  std::int64_t bins_high = 7, bins_wide = 7;
  /// Samples a bin and direction; 0 or less: as many as cells that a bin covers, rounded up, for each region.
  std::int64_t sampling_ratio = -1;
  /// Cells are sampled at their centres (the pixel shift of half a cell). Otherwise, as first published, at their
  /// corners, and regions are at least one cell wide and high.
  bool aligned = false;
};

/// map [B, C, H, W], floating; rois [R, 5]: number of the picture, then xyxy in pixels; scale: cells of the map a
/// pixel.
/// -> [R, C, bins_high, bins_wide] of the map's type, differentiable in `map` (not in `rois`, as torchvision's); by the
/// kernels of common/kernels (on a GPU common/kernels/cuda, where they were built, without gradients), in fp32. Throws
/// Error(failed) for regions of no picture.
at::Tensor roi_align(const at::Tensor& map, const at::Tensor& rois, double scale, const RoiAlignOptions& options);

/// The same from several maps: region i is pooled from maps[levels[i]] with that map's scale. levels: int64 [R].
at::Tensor roi_align(std::span<const at::Tensor> maps, const at::Tensor& rois, const at::Tensor& levels,
                     std::span<const double> scales, const RoiAlignOptions& options);

/// What roi_align computes, by LibTorch's operators: for gradients on a GPU and for other devices.
at::Tensor roi_align_plain(const at::Tensor& map, const at::Tensor& rois, double scale, const RoiAlignOptions& options);

}  // namespace vitral::nn
