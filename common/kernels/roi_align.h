/// RoIAlign (He et al. 2017, Mask R-CNN, section 3): a grid of bins over each region of a feature map, each bin the
/// mean of bilinear samples. Conventions of torchvision.ops.roi_align.
#pragma once

#include <cstdint>

namespace vitral::kernels {

struct RoiAlignArgs {
  const float* map = nullptr;  ///< [batch, height, width, channels]
  std::int64_t batch = 0, height = 0, width = 0, channels = 0;
  /// [count, 5]: number of the picture, then xyxy in the picture's pixels; `scale` brings them to cells of the map.
  const float* rois = nullptr;
  std::int64_t count = 0;
  const std::int64_t* rows = nullptr;  ///< [count] rows of rois and of out; null: 0, 1, ...
  float scale = 1;
  std::int64_t bins_high = 0, bins_wide = 0;
  std::int64_t sampling =
      0;  ///< samples a bin and direction; 0 or less: one for each cell that a bin covers, rounded up
  bool aligned =
      false;  ///< cells are sampled at their centres; otherwise at their corners, and regions are one cell or more
  float* out = nullptr;  ///< [rows, channels, bins_high, bins_wide]
};

/// Throws Error(failed) for sizes and pointers that do not go together, and for a region of a picture that does not
/// exist, with coordinates that are no numbers, or so large that a bin would take more than 65,536 samples a direction.
void check_roi_align(const RoiAlignArgs& args);

/// Regions [begin, end) of arguments that have been checked.
void roi_align(const RoiAlignArgs& args, std::int64_t begin, std::int64_t end);

/// The gradient in the map, of pictures [begin, end): adds to `gradient` [batch, height, width, channels] what that of
/// the bins, `bins` [rows, channels, bins_high, bins_wide], says. For arguments that have been checked; their map and
/// out are not read. Regions follow in their order, so that it does not matter who computes which pictures.
void roi_align_backward(const RoiAlignArgs& args, const float* bins, float* gradient, std::int64_t begin,
                        std::int64_t end);

}  // namespace vitral::kernels
