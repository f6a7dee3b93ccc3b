#pragma once

#include "common/runtime/registry.h"

namespace vitral::swin {

/// Swin v1 and v2 and the searched S3 variants, with everything published for them.
void register_swin(Registry& registry);

/// The small Swin that travels with the program.
void register_bundled_swin(Registry& registry);

}  // namespace vitral::swin
