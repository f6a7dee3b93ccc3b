#pragma once

#include "common/runtime/registry.h"

namespace vitral::vit {

/// ViT, DeiT, distilled DeiT and DeiT-III, with everything published for them.
void register_vit(Registry& registry);

/// The small ViT that travels with the program.
void register_bundled_vit(Registry& registry);

}  // namespace vitral::vit
