/// Pictures to batches of tensors. The only file of this folder that knows LibTorch.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "common/image/preprocess.h"

namespace vitral::image {

/// The input of a network for several pictures, each in the top left corner of its plane.
struct Batch {
  at::Tensor images;  ///< [B, 3, H, W] float32, normalised; zeros where a picture is smaller than the largest
  at::Tensor mask;    ///< [B, H, W] bool, true = padding
  at::Tensor sizes;   ///< [B, 2] int64, height and width of the upright originals
  std::vector<Placement> placements;
};

/// Preprocesses `pictures` on the calling thread. H and W are the largest of the batch.
/// Throws Error(input) as place() does, Error(usage) for no pictures.
Batch to_batch(const Preprocessor& preprocessor, std::span<const Image> pictures);

}  // namespace vitral::image
