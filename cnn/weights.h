/// How other libraries name the parameters of these networks.
#pragma once

#include <span>

#include "common/weights/keymap.h"

namespace vitral::cnn {

/// ResNets: transformers. torchvision's names of the plain variant are timm's, and our own.
std::span<const weights::KeyMap> resnet_key_maps();

/// EfficientNet-Lite `variant` (0 to 4), with or without TensorFlow numerics: the layout of lukemelas's
/// EfficientNet-PyTorch
/// ("original"), which numbers the blocks through.
std::span<const weights::KeyMap> efficientnet_lite_key_maps(int variant);

}  // namespace vitral::cnn
