/// What the entries of this family have in common.
#pragma once

#include <string>
#include <string_view>

#include "common/runtime/registry.h"

namespace vitral::detr {

/// An entry with what stands in a preset's row; how it is built and what its files are called is still missing.
template <class Preset>
ModelEntry described(const Preset& preset, std::string_view paper, std::string labels) {
  ModelEntry entry;
  entry.name = preset.name;
  entry.task = Task::detect;
  entry.family = "detr";
  entry.paper = paper;
  entry.params = preset.params;
  entry.gmacs = preset.gmacs;
  entry.labels = std::move(labels);
  entry.own_layout.clear();  // nobody else's files have our keys
  return entry;
}

}  // namespace vitral::detr
