/// The published sizes, as numbers.
#pragma once

#include <span>
#include <string_view>

#include "common/runtime/pretrained_table.h"
#include "swin/swin.h"

namespace vitral::swin {

struct Preset {
  std::string_view name;
  SwinTransformerOptions options;
  double gmacs;         ///< at the published size
  std::int64_t params;  ///< with the class count of the first published checkpoint
  std::string_view paper;
};

std::span<const Preset> presets();

std::span<const PretrainedRow> pretrained_rows();
std::span<const TorchvisionRow> torchvision_rows();
std::span<const HubRow> hub_rows();

}  // namespace vitral::swin
