/// Transforms of samples as values: boxes move with the pixels, and everything random comes out of the Rng.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "common/core/preprocess.h"
#include "common/image/canvas.h"
#include "common/image/resize.h"
#include "datasets/rng.h"
#include "datasets/sample.h"

namespace vitral {

/// Takes a sample with its pixels. May be called from several threads at once.
using Transform = std::function<Sample(Sample, Rng&)>;

/// One after the other.
Transform chain(std::vector<Transform> transforms);
/// With `probability`; otherwise the sample stays as it is.
Transform sometimes(double probability, Transform transform);
/// One of them, each as likely as the others. Throws Error(usage) for none.
Transform one_of(std::vector<Transform> transforms);

// The steps, without any chance in them.

/// The pixels inside `window`, which lies in the picture; boxes are cut at its edges and left out where nothing
/// remains.
Sample cropped(Sample sample, const image::Window& window);
Sample resized(Sample sample, int width, int height, Interpolation filter);
Sample flipped(Sample sample);  ///< left to right

/// On a canvas of `size` = {width, height} with the upper left corner at `corner` = {left, top}, `fill` around it. The
/// picture lies inside.
Sample placed(Sample sample, std::array<int, 2> size, std::array<int, 2> corner, image::Color fill);

Transform resize_to(int width, int height, Interpolation filter = Interpolation::bicubic);
Transform horizontal_flip(double probability = 0.5);

struct RandomResizedCropOptions {
  int width = 224, height = 224;
  std::array<double, 2> scale{0.08, 1.0};         ///< share of the area
  std::array<double, 2> ratio{3.0 / 4, 4.0 / 3};  ///< width through height
  Interpolation filter = Interpolation::bicubic;
};
/// Inception's crop (Szegedy et al. 2015), with torchvision's rule: ten tries, then the middle.
Transform random_resized_crop(const RandomResizedCropOptions& options);
/// The window that it would take.
image::Window random_window(int width, int height, const RandomResizedCropOptions& options, Rng& rng);

struct ScaleJitterOptions {
  int width = 640, height = 640;  ///< what scale 1 fits the picture into
  std::array<double, 2> scale{0.1, 2.0};
  Interpolation filter = Interpolation::bilinear;
};
/// Large scale jitter (Ghiasi et al. 2021), with torchvision's rule.
Transform scale_jitter(const ScaleJitterOptions& options);

/// Before resizing: a window of the picture, or the picture on a larger canvas of its shape, so that it appears `scale`
/// times as large, at a random place.
Transform random_zoom(std::array<double, 2> scale, image::Color fill);
/// As large as fits, in the upper left corner of width x height (YOLOX).
Transform letterbox(int width, int height, image::Color fill = {114, 114, 114});

/// Short side one of `sizes`, long side at most about `longest`: facebookresearch/detr's RandomResize.
Transform random_short_side(std::vector<int> sizes, int longest);
/// A window of least to most pixels a side, or the picture's side where that is less: facebookresearch/detr's
/// RandomSizeCrop.
Transform random_size_crop(int least, int most);
/// DETR's training transform (Carion et al. 2020, section 4): flip, then resize, or resize, crop and resize. The
/// default is the paper's; smaller models take smaller `sizes`, and the rest scales along.
struct DetrTransformOptions {
  std::vector<int> sizes{480, 512, 544, 576, 608, 640, 672, 704, 736, 768, 800};
  int longest = 1333;
  std::vector<int> sizes_before_crop{400, 500, 600};
  int least_crop = 384, most_crop = 600;
};
Transform detr_transform(const DetrTransformOptions& options = {});

struct ColorJitterOptions {
  double brightness = 0.4, contrast = 0.4, saturation = 0.4;  ///< factors in [max(0, 1 - x), 1 + x]
  double hue = 0.0;                                           ///< turns in [-x, x], at most 0.5
};
/// In a random order, as torchvision.
Transform color_jitter(const ColorJitterOptions& options);

struct RandomErasingOptions {
  double probability = 0.25;
  std::array<double, 2> area{0.02, 1.0 / 3};  ///< share of the picture
  std::array<double, 2> ratio{0.3, 1 / 0.3};  ///< height through width
  bool noise = false;                         ///< normal noise a pixel instead of the mean
  std::array<double, 3> mean{123.675, 116.28, 103.53}, std{58.395, 57.12, 57.375};  ///< ImageNet's, in grey levels
};
/// Random erasing (Zhong et al. 2020) with timm's rule, before normalising: its zero is the mean here. Boxes stay.
Transform random_erasing(const RandomErasingOptions& options);

struct RandAugmentOptions {
  int layers = 2;
  double magnitude = 9, magnitude_std = 0.5;  ///< of 10
  double probability = 0.5;                   ///< of each of the layers
  bool increasing = true;                     ///< every operation changes more at a higher magnitude
  image::Color fill{124, 116, 104};
};
/// RandAugment (Cubuk et al. 2020) with timm's operations and levels ("rand-m9-mstd0.5-inc1").
Transform rand_augment(const RandAugmentOptions& options);

}  // namespace vitral
