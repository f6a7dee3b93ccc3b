/// Prepared inputs as one batch.
#pragma once

#include <span>

#include "apps/picture_stream.h"
#include "common/runtime/detector.h"

namespace vitral::apps {

/// The inputs in the upper left corners of [B, 3, H, W], H and W the largest of them, zeros beyond; fp32. Inputs that
/// hold levels become uint8 [B, H, W, 3] where these are; on a GPU work on the current stream that comes after sees it.
at::Tensor stacked_images(std::span<const PreparedInput* const> inputs);

/// bool [B, H, W] beside them, true where an input shows no picture.
at::Tensor padding_mask(std::span<const PreparedInput* const> inputs);

/// Both; without a mask where nothing is padded.
PictureBatch collate(std::span<const PreparedInput* const> inputs);

}  // namespace vitral::apps
