/// Samples to the tensors that networks and losses take. The only file of this folder that knows LibTorch.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "common/core/preprocess.h"
#include "datasets/sample.h"

namespace vitral {

/// The objects of one picture; crowds are left out.
struct ObjectTensors {
  at::Tensor labels;      ///< int64 [N], class indices
  at::Tensor boxes;       ///< fp32 [N, 4], xyxy in pixels of the input
  at::Tensor normalised;  ///< fp32 [N, 4], cxcywh, 0 to 1 of the picture without its padding
};

struct SampleBatch {
  at::Tensor images;  ///< fp32 [B, 3, H, W], normalised; zeros where a picture is smaller than the largest
  at::Tensor mask;    ///< bool [B, H, W], true = padding
  at::Tensor sizes;   ///< int64 [B, 2], height and width of each picture without its padding
  at::Tensor shares;  ///< fp32 [B, classes], what share of each picture shows which class; zeros for detection
  std::vector<ObjectTensors> objects;
};

/// Puts `samples` side by side, each in the top left corner. Of `spec` only mean, std, rescale, bgr and pad_multiple
/// count: sizes are the transforms' affair. Throws Error(usage) for no samples, Error(input) for a class index of
/// `classes` or more.
SampleBatch collate(std::span<const Sample> samples, std::size_t classes, const Preprocess& spec);

}  // namespace vitral
