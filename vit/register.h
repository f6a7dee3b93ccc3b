#pragma once

#include "common/runtime/registry.h"

namespace vitral::vit {

/// ViT, DeiT, distilled DeiT and DeiT-III, with everything published for them.
void register_vit(Registry& registry);

}  // namespace vitral::vit
