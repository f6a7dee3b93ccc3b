#pragma once

#include <span>

#include "common/runtime/registry.h"

namespace vitral::vit {

/// Transformer in Transformer, with everything published for it.
void register_tnt(Registry& registry);

/// The small TNT that travels with the program.
void register_bundled_tnt(Registry& registry);

/// The authors' names (huawei-noah/Efficient-AI-Backbones). timm's are our own.
std::span<const weights::KeyMap> tnt_key_maps();

}  // namespace vitral::vit
