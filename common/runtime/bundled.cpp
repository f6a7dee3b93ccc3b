#include "common/runtime/bundled.h"

namespace vitral {

ModelEntry bundled_entry(const Bundled& row, Preprocess preprocess) {
  Pretrained file;
  file.tag = row.data;
  file.origin = "native";
  file.file = std::string(row.name) + ".safetensors";
  file.licence = "Apache-2.0";
  file.preprocess = std::move(preprocess);
  file.num_classes = row.num_classes;
  (row.task == Task::classify ? file.top1 : file.ap) = row.score;
  ModelEntry entry;
  entry.name = row.name;
  entry.task = row.task;
  entry.family = row.family;
  entry.paper = row.paper;
  entry.params = row.params;
  entry.gmacs = row.gmacs;
  entry.pretrained = {std::move(file)};
  entry.own_layout = "native";  // these networks exist nowhere else
  entry.bundled = true;
  return entry;
}

Preprocess fashion_preprocess(int side) {
  Preprocess spec;
  spec.rule = ResizeRule::squash;
  spec.height = spec.width = side;
  spec.interpolation = Interpolation::bicubic;
  spec.mean = {0.286f, 0.286f, 0.286f};
  spec.std = {0.353f, 0.353f, 0.353f};
  return spec;
}

}  // namespace vitral
