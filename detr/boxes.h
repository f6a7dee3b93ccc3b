/// Arithmetic of boxes that losses need: differentiable, on any device. The formats stand in the names.
#pragma once

#include <ATen/core/Tensor.h>

namespace vitral::detr {

/// cxcywh [..., 4] -> xyxy [..., 4]
at::Tensor cxcywh_to_xyxy(const at::Tensor& boxes);

/// Intersection over union of pairs. a, b xyxy [..., 4], shapes that broadcast -> [...]. Boxes without area give 0.
at::Tensor iou_xyxy(const at::Tensor& a, const at::Tensor& b);

/// Generalised IoU (Rezatofighi et al. 2019): IoU less the share of the enclosing box that neither covers, -1 to 1.
at::Tensor generalized_iou_xyxy(const at::Tensor& a, const at::Tensor& b);

}  // namespace vitral::detr
