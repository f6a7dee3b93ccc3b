/// How a picture becomes the network's input: values only, kept beside the weights in every checkpoint.
#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace vitral {

/// Pillow's filters (antialiased when shrinking).
enum class Interpolation { nearest, box, bilinear, hamming, bicubic, lanczos };

/// Which library's rule decides the sizes; they differ in rounding, so the origin has to be named.
enum class ResizeRule {
  timm,         ///< short side = floor(size / crop_pct), long = int(short * long / min), then centre crop (timm 1.0, center mode)
  torchvision,  ///< short side = `resize`, long = int(resize * long / short), then centre crop (torchvision Resize + CenterCrop)
  squash,       ///< both sides to `resize` (0: straight to the input size), then centre crop (transformers' processors)
};

struct Preprocess {
  ResizeRule rule = ResizeRule::timm;
  int height = 224, width = 224;  ///< pixels that the network sees
  int resize = 0;                 ///< pixels; see ResizeRule
  double crop_pct = 0.875;        ///< see ResizeRule::timm
  Interpolation interpolation = Interpolation::bicubic;
  std::array<float, 3> mean{0.485f, 0.456f, 0.406f};  ///< RGB, of values in [0, 1]
  std::array<float, 3> std{0.229f, 0.224f, 0.225f};
  bool operator==(const Preprocess&) const = default;
};

std::string_view to_string(Interpolation interpolation);
std::string_view to_string(ResizeRule rule);

/// {"rule":"timm","height":224,…}; every field is written.
nlohmann::json to_json(const Preprocess& preprocess);
/// Throws Error(weights, subject, …) where a field is missing, of another type or out of range.
Preprocess preprocess_from_json(const nlohmann::json& json, std::string_view subject);

}  // namespace vitral
