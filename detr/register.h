/// Adds this family to the catalogue.
#pragma once

#include "common/runtime/registry.h"
#include "detr/backbone.h"

namespace vitral::detr {

/// DETR with the backbones that `make_backbone` gives.
void register_detr(Registry& registry, const BackboneFactory& make_backbone);

/// RT-DETR v1 and v2.
void register_rtdetr(Registry& registry, const BackboneFactory& make_backbone);

/// The small networks that travel with the program.
void register_bundled_rtdetr(Registry& registry, const BackboneFactory& make_backbone);

/// Deformable DETR with its variants.
void register_deformable_detr(Registry& registry, const BackboneFactory& make_backbone);

}  // namespace vitral::detr
