/// Non-maximum suppression of tensors; what exactly is done: common/core/nms.h.
#pragma once

#include <ATen/core/Tensor.h>

#include "common/core/nms.h"

namespace vitral::nn {

/// boxes [N, 4] xyxy, scores [N], on any device and of any floating type: computed in fp32, on a GPU where its kernel
/// was built and for up to 32,768 boxes, else on the CPU; the results are equal.
/// -> int64 [M] on the same device, places of the boxes that stay, best first.
at::Tensor nms(const at::Tensor& boxes, const at::Tensor& scores, double iou_threshold);

/// The same among boxes of one class only; classes: int64 [N].
at::Tensor batched_nms(const at::Tensor& boxes, const at::Tensor& scores, const at::Tensor& classes,
                       double iou_threshold, NmsRule rule = NmsRule::exact);

}  // namespace vitral::nn
