/// Ready-made input tensors from a file.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "common/runtime/loader.h"

namespace vitral::apps {

/// The tensor `images` F32 [B, C, H, W] of a safetensors file, checked against what the network takes. Throws
/// Error(input).
at::Tensor read_images(const std::string& path, const LoadedModel& model);

}  // namespace vitral::apps
