#include <algorithm>
#include <cmath>

#include "datasets/transforms/colors.h"
#include "datasets/transforms/transform.h"
#include "datasets/transforms/warp.h"

namespace vitral {
namespace {

using image::Image;

/// What an operation may ask for beside the picture.
struct Level {
  double share = 0;  ///< 0 to 1 of the strongest
  bool increasing = true;
  Rng& rng;

  double either_sign(double value) const { return rng.chance(0.5) ? -value : value; }
  /// A factor of colour, contrast, brightness or sharpness; 1 changes nothing.
  double factor() const { return increasing ? std::max(0.1, 1 + either_sign(share * 0.9)) : share * 1.8 + 0.1; }
  int whole(double most) const { return static_cast<int>(share * most); }
};

struct Warp {
  Affine to_source{1, 0, 0, 0, 1, 0};
  bool is_set = false;
};

/// An operation changes colours, or says where the pixels come from.
using Operation = void (*)(Image& picture, const Level& level, Warp& warp);

void set(Warp& warp, const Affine& to_source) {
  warp = {to_source, true};
}

constexpr double kRotation = 30, kShear = 0.3, kTranslation = 0.45;

constexpr Operation kOperations[] = {
    [](Image& picture, const Level&, Warp&) { picture = autocontrast(std::move(picture)); },
    [](Image& picture, const Level&, Warp&) { picture = equalize(std::move(picture)); },
    [](Image& picture, const Level&, Warp&) { picture = invert(std::move(picture)); },
    [](Image& picture, const Level& level, Warp& warp) {
      set(warp, rotation(level.either_sign(level.share * kRotation), picture.width, picture.height));
    },
    [](Image& picture, const Level& level, Warp&) {
      picture = posterize(std::move(picture), level.increasing ? 4 - level.whole(4) : level.whole(4));
    },
    [](Image& picture, const Level& level, Warp&) {
      const int threshold = std::min(256, level.whole(256));
      picture = solarize(std::move(picture), level.increasing ? 256 - threshold : threshold);
    },
    [](Image& picture, const Level& level, Warp&) {
      picture = solarize_add(std::move(picture), std::min(128, level.whole(110)));
    },
    [](Image& picture, const Level& level, Warp&) { picture = saturation(std::move(picture), level.factor()); },
    [](Image& picture, const Level& level, Warp&) { picture = contrast(std::move(picture), level.factor()); },
    [](Image& picture, const Level& level, Warp&) { picture = brightness(std::move(picture), level.factor()); },
    [](Image& picture, const Level& level, Warp&) { picture = sharpness(picture, level.factor()); },
    [](Image&, const Level& level, Warp& warp) {
      set(warp, {1, level.either_sign(level.share * kShear), 0, 0, 1, 0});
    },
    [](Image&, const Level& level, Warp& warp) {
      set(warp, {1, 0, 0, level.either_sign(level.share * kShear), 1, 0});
    },
    [](Image& picture, const Level& level, Warp& warp) {
      set(warp, {1, 0, level.either_sign(level.share * kTranslation) * picture.width, 0, 1, 0});
    },
    [](Image& picture, const Level& level, Warp& warp) {
      set(warp, {1, 0, 0, 0, 1, level.either_sign(level.share * kTranslation) * picture.height});
    },
};

}  // namespace

Transform rand_augment(const RandAugmentOptions& options) {
  return [options](Sample sample, Rng& rng) {
    for (int layer = 0; layer < options.layers; ++layer) {
      const Operation operation = kOperations[rng.below(std::size(kOperations))];
      if (!rng.chance(options.probability)) continue;
      const double magnitude = options.magnitude + options.magnitude_std * rng.normal();
      Warp move;
      operation(sample.picture, Level{std::clamp(magnitude, 0.0, 10.0) / 10, options.increasing, rng}, move);
      if (!move.is_set) continue;
      const auto filter = rng.chance(0.5) ? Interpolation::bilinear : Interpolation::bicubic;
      sample.picture = warp(sample.picture, move.to_source, filter, options.fill);
      move_objects(sample, inverse(move.to_source));
      clip_objects(sample);
    }
    return sample;
  };
}

}  // namespace vitral
