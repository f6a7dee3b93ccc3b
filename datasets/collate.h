/// Samples to the tensors that networks and losses take. The only file of this folder that knows LibTorch.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "common/core/preprocess.h"
#include "common/runtime/detector.h"
#include "datasets/sample.h"

namespace vitral {

struct SampleBatch {
  at::Tensor images;  ///< fp32 [B, 3, H, W], normalised; zeros where a picture is smaller than the largest
  at::Tensor mask;    ///< bool [B, H, W], true = padding
  at::Tensor sizes;   ///< int64 [B, 2], height and width of each picture without its padding
  at::Tensor shares;  ///< fp32 [B, classes], what share of each picture shows which class; zeros for detection
  std::vector<ObjectTensors> objects;  ///< of each picture, without crowds
};

/// Puts `samples` side by side, each in the top left corner. Of `spec` only mean, std, rescale, bgr and pad_multiple
/// count: sizes are the transforms' affair. `pinned`: images, mask, sizes and shares lie in memory that a GPU copies
/// from by itself. Throws Error(usage) for no samples, Error(input) for a class index of `classes` or more.
SampleBatch collate(std::span<const Sample> samples, std::size_t classes, const Preprocess& spec, bool pinned = false);

}  // namespace vitral
