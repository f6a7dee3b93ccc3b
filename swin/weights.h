/// How other libraries name the parameters of these networks.
#pragma once

#include <span>

#include "common/weights/keymap.h"
#include "swin/attention.h"

namespace vitral::swin {

/// torchvision, transformers, and the authors' files, whose layout old timm files share. timm's names are our own.
std::span<const weights::KeyMap> key_maps(Version version);

}  // namespace vitral::swin
