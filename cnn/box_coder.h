/// Boxes as shifts and scales of reference boxes (Girshick et al. 2014, R-CNN, appendix C), and what detectors of
/// regions do with boxes. All boxes are fp32 xyxy in pixels; the order of operations is torchvision's.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>

namespace vitral::cnn {

/// What the four numbers (shift x, shift y, log scale x, log scale y) are multiplied by.
using CoderWeights = std::array<double, 4>;
constexpr CoderWeights kRpnWeights = {1, 1, 1, 1};
constexpr CoderWeights kRoiWeights = {10, 10, 5, 5};

/// codes, references [..., 4] -> boxes [..., 4]. Scales are capped at 1000 / 16, before they overflow.
at::Tensor decode_boxes(const at::Tensor& codes, const at::Tensor& references, const CoderWeights& weights);

/// boxes, references [..., 4] -> the codes [..., 4] that decode_boxes turns back.
at::Tensor encode_boxes(const at::Tensor& boxes, const at::Tensor& references, const CoderWeights& weights);

/// boxes [..., 4], clamped into a picture of {height, width}.
at::Tensor clip_boxes(const at::Tensor& boxes, std::array<std::int64_t, 2> size);

/// boxes [N, 4] -> int64 places of those whose sides are both at least `least`.
at::Tensor large_boxes(const at::Tensor& boxes, double least);

}  // namespace vitral::cnn
