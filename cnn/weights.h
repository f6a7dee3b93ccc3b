/// How other libraries name the parameters of these networks.
#pragma once

#include <span>

#include "common/weights/keymap.h"
#include "common/weights/state_dict.h"

namespace vitral::cnn {

/// ResNets: transformers. torchvision's names of the plain variant are timm's, and our own.
std::span<const weights::KeyMap> resnet_key_maps();

/// EfficientNet-Lite `variant` (0 to 4), with or without TensorFlow numerics: the layout of lukemelas's
/// EfficientNet-PyTorch
/// ("original"), which numbers the blocks through.
std::span<const weights::KeyMap> efficientnet_lite_key_maps(int variant);

/// YOLOX: Megvii's names are our own.
std::span<const weights::KeyMap> yolox_key_maps();

/// The origin of Faster R-CNNs (first version) that torchvision trained from nothing, with batch norms in the backbone.
constexpr std::string_view kTorchvisionTrained = "torchvision-batchnorm";

/// Faster R-CNN: torchvision's names are our own. The published file of the first version has older ones.
std::span<const weights::KeyMap> faster_rcnn_key_maps();
std::span<const weights::KeyMap> faster_rcnn_v2_key_maps();

/// Adds the batch counters of norms, which no inference needs and other libraries want.
void count_batches(weights::StateDict& state);

}  // namespace vitral::cnn
