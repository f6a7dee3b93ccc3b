/// How a picture becomes the network's input: values only, kept beside the weights in every checkpoint, and the
/// arithmetic of sizes that each origin does (its rounding decides single pixels, so it is part of the values).
#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "common/core/box.h"

namespace vitral {

/// Pillow's filters (antialiased when shrinking).
enum class Interpolation { nearest, box, bilinear, hamming, bicubic, lanczos };

/// Which library's rule decides the sizes; they differ in rounding, so the origin has to be named.
enum class ResizeRule {
  timm,  ///< short side = floor(size / crop_pct), long = int(short * long / min), then centre crop (timm 1.0, center
         ///< mode)
  torchvision,  ///< short side = `resize`, long = int(resize * long / short), then centre crop (torchvision Resize +
                ///< CenterCrop)
  convnext,  ///< torchvision's, but the crop's offset is rounded down (transformers' ConvNext processor, its ResNets')
  squash,    ///< both sides to `resize` (0: straight to the input size), then centre crop (transformers' processors,
             ///< RT-DETR)
  detr,      ///< short side `resize`, long at most about `longest`, rounded as facebookresearch/detr does; no crop
  detr_transformers,     ///< the same with transformers' rounding: the long side comes from the unrounded short one
  letterbox,             ///< YOLOX: int(side * ratio), OpenCV's bilinear, top left on a ground of 114
  torchvision_detector,  ///< floor(side * scale), float bilinear without antialias after normalising, padded to
                         ///< `pad_multiple`
};

struct Preprocess {
  ResizeRule rule = ResizeRule::timm;
  int height = 224,
      width = 224;       ///< pixels that the network sees; unused by the rules whose input follows the picture's shape
  int resize = 0;        ///< pixels; see ResizeRule
  int longest = 0;       ///< pixels; cap of the long side (detr, detr_transformers, torchvision_detector)
  int pad_multiple = 1;  ///< both sides of the input are padded up to a multiple of this (torchvision_detector: 32)
  double crop_pct = 0.875;                               ///< see ResizeRule::timm
  Interpolation interpolation = Interpolation::bicubic;  ///< unused by letterbox and torchvision_detector
  std::array<float, 3> mean{0.485f, 0.456f, 0.406f};  ///< RGB, of values in [0, 1] (in [0, 255] where `rescale` is off)
  std::array<float, 3> std{0.229f, 0.224f, 0.225f};
  bool rescale = true;  ///< grey levels are divided by 255 before mean and std (YOLOX: off)
  bool bgr = false;     ///< the first channel is blue (YOLOX); mean and std stay in RGB order
  bool operator==(const Preprocess&) const = default;
};

/// What is wrong with a specification in one line, empty where it makes sense.
std::string fault_of(const Preprocess& preprocess);

/// Whether what lies beside a picture is 0 in the network's input (detr, detr_transformers, torchvision_detector). The
/// other rules pad with a grey level, which is normalised with the picture.
bool pads_after_normalising(ResizeRule rule);

/// Where a picture lands in the network's input. All numbers are pixels.
struct Placement {
  int source_width = 0, source_height = 0;    ///< the upright picture
  int resized_width = 0, resized_height = 0;  ///< the whole picture after resizing
  int left = 0, top = 0;      ///< origin of the input inside the resized picture: > 0 crops, < 0 pads on that side
  int width = 0, height = 0;  ///< the network's input [3, height, width]

  /// The part of the input that shows picture, the rest is padding (a detector's mask is true there).
  int content_left() const { return left < 0 ? -left : 0; }
  int content_top() const { return top < 0 ? -top : 0; }
  int content_width() const;   ///< columns from content_left() on
  int content_height() const;  ///< rows from content_top() on
  bool operator==(const Placement&) const = default;
};

/// The sizes for one picture. Throws Error(input) where a side would become 0 or pass 2^31 - 1, Error(usage) for a
/// specification with a fault.
Placement place(const Preprocess& preprocess, int source_width, int source_height);

/// A box in pixels of the network's input, in pixels of the picture. The scale is the origin's: by its ratio for letterbox,
/// by the true sizes else. Not clipped.
Box to_source(const Preprocess& preprocess, const Placement& placement, const Box& box);

/// The ready made values of the origins whose classes are not in a registry.
Preprocess detr_preprocess();                  ///< facebookresearch/detr: 800 / 1333, bilinear, ImageNet's mean and std
Preprocess rtdetr_preprocess(int side = 640);  ///< lyuwenyu/RT-DETR: squash, bilinear, values in [0, 1]
Preprocess yolox_preprocess(int side = 640);   ///< Megvii YOLOX: letterbox, BGR, values 0 to 255
Preprocess faster_rcnn_preprocess();           ///< torchvision's GeneralizedRCNNTransform: 800 / 1333, multiple of 32

std::string_view to_string(Interpolation interpolation);
std::string_view to_string(ResizeRule rule);

/// One line for people: "short side to 248 (timm: floor(224 / 0.9)), bicubic, centre crop 224x224, mean …, std …".
std::string explain(const Preprocess& preprocess);

/// {"rule":"timm","height":224,…}; every field is written.
nlohmann::json to_json(const Preprocess& preprocess);
/// Throws Error(weights, subject, …) where a field is missing, unknown, of another type or out of range.
Preprocess preprocess_from_json(const nlohmann::json& json, std::string_view subject);

}  // namespace vitral
