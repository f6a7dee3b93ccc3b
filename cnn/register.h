#pragma once

#include "common/runtime/registry.h"

namespace vitral::cnn {

/// ResNet and EfficientNet-Lite, with everything published for them.
void register_cnn(Registry& registry);

/// Faster R-CNN and YOLOX.
void register_cnn_detectors(Registry& registry);

/// The small networks that travel with the program.
void register_bundled_resnet(Registry& registry);
void register_bundled_detectors(Registry& registry);

}  // namespace vitral::cnn
