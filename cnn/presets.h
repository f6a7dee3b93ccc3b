/// The published sizes, as numbers.
#pragma once

#include <span>
#include <string_view>

#include "cnn/efficientnet_lite.h"
#include "cnn/resnet.h"
#include "common/runtime/pretrained_table.h"

namespace vitral::cnn {

template <class Options>
struct Preset {
  std::string_view name;
  Options options;
  double gmacs;         ///< of convolutions and linear layers, at the size of the first published checkpoint
  std::int64_t params;  ///< with 1000 classes
};

std::span<const Preset<ResNetOptions>> resnet_presets();
std::span<const Preset<EfficientNetLiteOptions>> efficientnet_lite_presets();

std::span<const PretrainedRow> pretrained_rows();
std::span<const TorchvisionRow> torchvision_rows();
std::span<const HubRow> hub_rows();

}  // namespace vitral::cnn
