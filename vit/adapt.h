#pragma once

#include "common/runtime/registry.h"

namespace vitral::vit {

/// Makes `state` fit `model` (a VisionTransformer): the position table is resampled to the model's grid by the rule of
/// the state's origin. See ModelEntry::adapt.
void adapt(weights::StateDict& state, Network& model, const AdaptContext& context);

}  // namespace vitral::vit
