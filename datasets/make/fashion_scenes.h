/// Detection scenes composed of the pictures of Fashion-MNIST: a data set that everyone can regenerate.
#pragma once

#include <array>
#include <memory>

#include "datasets/dataset.h"

namespace vitral {

struct FashionScenesOptions {
  std::size_t count = 1'000;
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;  ///< another one for each split: scenes of different streams share nothing
  int width = 320, height = 320;
  int least_objects = 1, most_objects = 8;
  std::array<double, 2> side{40, 150};  ///< of a garment before it is turned, pixels; small ones are more frequent
  double rotation = 30;                 ///< degrees either way
  double least_visible = 0.4;           ///< share of a garment that others may not cover
};

/// Garments of `garments` (28x28 grey pictures with ten classes), scaled, turned, tinted and partly behind each other,
/// on procedural backgrounds with clutter. Each picture depends on seed, stream and index alone. A box surrounds the
/// visible part of a garment; its area counts the visible pixels.
class FashionScenes final : public Dataset {
 public:
  /// Throws Error(input) where `garments` has boxes instead of classes, or nothing in it.
  FashionScenes(std::shared_ptr<const Dataset> garments, const FashionScenesOptions& options);

  std::size_t size() const override { return options_.count; }
  Sample describe(std::size_t index) const override;
  image::Image picture(std::size_t index) const override { return get(index).picture; }
  StoredPicture stored(std::size_t) const override { return {}; }
  Sample get(std::size_t index) const override;

 private:
  std::shared_ptr<const Dataset> garments_;
  FashionScenesOptions options_;
};

}  // namespace vitral
