/// The published sizes, as numbers.
#pragma once

#include <span>
#include <string_view>

#include "common/runtime/pretrained_table.h"
#include "vit/vit.h"

namespace vitral::vit {

struct Preset {
  std::string_view name;
  VisionTransformerOptions options;
  double gmacs;             ///< at the published size
  std::int64_t params;      ///< with the class count of the first published checkpoint
  std::string_view paper;
};

std::span<const Preset> presets();

std::span<const PretrainedRow> pretrained_rows();
std::span<const TorchvisionRow> torchvision_rows();
std::span<const HubRow> hub_rows();

}  // namespace vitral::vit
