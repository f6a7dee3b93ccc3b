/// A picture to the network's input: resize, crop or pad, normalise, in the arithmetic of the weights' origin.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "common/core/preprocess.h"
#include "common/image/image.h"

namespace vitral::image {

/// Turns pictures into float tensors. Holds values only: one object may serve many threads at once.
class Preprocessor {
 public:
  /// Throws Error(usage) where `spec` says nothing sensible (a size below 1, a zero std).
  explicit Preprocessor(Preprocess spec);

  const Preprocess& spec() const { return spec_; }

  /// Sizes for one picture; see vitral::place.
  Placement place(const Image& image) const { return vitral::place(spec_, image.width, image.height); }

  /// Writes the input [3, height, width] of `placement` to `chw`, contiguous float32, RGB (BGR where the spec says so).
  /// Padding of centre crops is black before normalising, padding of detectors 0 after it (letterbox: 114).
  /// `chw` needs exactly 3 * height * width elements. Throws Error(failed) for another size.
  void write(const Image& image, const Placement& placement, std::span<float> chw) const;

  /// The picture after resizing and cropping, before normalising: the grey levels that the network sees, [height,
  /// width]. torchvision_detector, which resizes floats, gives the nearest grey levels.
  Image view(const Image& image, const Placement& placement) const;

  /// One line for people; see vitral::explain.
  std::string explain() const { return vitral::explain(spec_); }

 private:
  Preprocess spec_;
};

}  // namespace vitral::image
