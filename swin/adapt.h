/// Weights of one shape in a network of another, as each origin's own code does it.
#pragma once

#include <cstdint>
#include <span>

#include "common/runtime/registry.h"

namespace vitral::swin {

/// Resamples v1's bias tables to the model's windows: geometric for timm's files, bicubic for the authors' (and for
/// torchvision's and transformers', which have no rule of their own). v2 computes its bias from offsets and needs
/// nothing. See ModelEntry::adapt.
void adapt(weights::StateDict& state, Network& model, const AdaptContext& context);

/// Another class count in the authors' files: from ImageNet-22k to 1k the rows of the 1,000 classes, else a head of
/// zeros. Other origins' heads are left to the loader. See ModelEntry::adapt_classes.
void adapt_classes(weights::StateDict& state, Network& model, const AdaptContext& context);

/// The ImageNet-1k classes among the 21,841 of the authors' 22k heads.
std::span<const std::int16_t> imagenet22k_rows();

}  // namespace vitral::swin
