/// The published detectors, as numbers.
#pragma once

#include <span>
#include <string_view>

#include "cnn/faster_rcnn.h"
#include "cnn/yolox.h"

namespace vitral::cnn {

template <class Options>
struct DetectorPreset {
  std::string_view name;
  Options options;
  int side;             ///< pixels of the letterbox; 0: the picture decides
  double gmacs;         ///< as published: of a picture of that side, or as torchvision counts them at 800 x 1066
  std::int64_t params;  ///< with the published classes
  double ap;            ///< box AP on COCO val2017, percent
  std::string_view file;
  double mebibytes;  ///< length of that file as stated (torchvision's "_file_size"); 0: not stated
};

std::span<const DetectorPreset<YoloxOptions>> yolox_presets();
std::span<const DetectorPreset<FasterRcnnOptions>> faster_rcnn_presets();

}  // namespace vitral::cnn
