/// How other libraries name the parameters of these networks.
#pragma once

#include <span>

#include "common/weights/keymap.h"

namespace vitral::vit {

/// torchvision, transformers (ViT and DeiT), the DeiT-III repository, and the JAX files of google-research/vision_transformer
/// and big_vision. timm's names, and those of the DeiT repository, are our own.
std::span<const weights::KeyMap> key_maps();

}  // namespace vitral::vit
