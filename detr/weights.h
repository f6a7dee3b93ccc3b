/// How other libraries name the parameters of these networks.
#pragma once

#include <span>

#include "common/weights/keymap.h"

namespace vitral::detr {

/// DETR: facebookresearch's own files ("original"), transformers' ("hf") over a ResNet of timm or of its own, and the
/// box part of the panoptic files of both.
std::span<const weights::KeyMap> detr_key_maps();

/// RT-DETR `version` 1 or 2: the authors' own files ("original") and transformers' ("hf").
std::span<const weights::KeyMap> rtdetr_key_maps(int version);

/// Deformable DETR: the authors' own files ("original") and transformers' ("hf"). `shared_heads`: all decoder layers
/// have the same heads (without box refinement).
std::span<const weights::KeyMap> deformable_detr_key_maps(bool shared_heads);

}  // namespace vitral::detr
