#include "train/augment.h"

#include <algorithm>
#include <cmath>

namespace vitral::train {
namespace {

image::Color mean_color(const Preprocess& spec) {
  const double levels = spec.rescale ? 255.0 : 1.0;
  const auto level = [&](std::size_t i) { return static_cast<std::uint8_t>(std::lround(spec.mean[i] * levels)); };
  return {level(0), level(1), level(2)};
}

void add_colors(std::vector<Transform>& steps, const AugmentOptions& options) {
  if (options.color_jitter <= 0) return;
  ColorJitterOptions jitter;
  jitter.brightness = jitter.contrast = jitter.saturation = options.color_jitter;
  steps.push_back(color_jitter(jitter));
}

Transform for_classification(const AugmentOptions& options, const Preprocess& spec) {
  std::vector<Transform> steps;
  if (options.crop_scale < 1) {
    RandomResizedCropOptions crop;
    crop.width = spec.width;
    crop.height = spec.height;
    crop.scale = {options.crop_scale, 1.0};
    crop.ratio = {1 / options.crop_ratio, options.crop_ratio};
    crop.filter = spec.interpolation;
    steps.push_back(random_resized_crop(crop));
  } else {
    steps.push_back(resize_to(spec.width, spec.height, spec.interpolation));
  }
  if (options.flip) steps.push_back(horizontal_flip());
  if (options.rand_augment > 0) {
    RandAugmentOptions augment;
    augment.magnitude = options.rand_augment;
    augment.fill = mean_color(spec);
    steps.push_back(rand_augment(augment));
  }
  add_colors(steps, options);
  if (options.erasing > 0) {
    RandomErasingOptions erasing;
    erasing.probability = options.erasing;
    for (std::size_t i = 0; i < 3; ++i) {
      erasing.mean[i] = spec.mean[i] * (spec.rescale ? 255.0 : 1.0);
      erasing.std[i] = spec.std[i] * (spec.rescale ? 255.0 : 1.0);
    }
    steps.push_back(random_erasing(erasing));
  }
  return chain(std::move(steps));
}

/// DETR's sizes (Carion et al. 2020), scaled from its 800 pixels to what the network takes.
DetrTransformOptions detr_sizes(const Preprocess& spec) {
  DetrTransformOptions options;
  const double scale = spec.resize / 800.0;
  const auto scaled = [scale](int& side) { side = std::max(1, static_cast<int>(std::lround(side * scale))); };
  for (int& side : options.sizes) scaled(side);
  for (int& side : options.sizes_before_crop) scaled(side);
  scaled(options.least_crop);
  scaled(options.most_crop);
  options.longest = spec.longest;
  return options;
}

Transform for_detection(const AugmentOptions& options, const Preprocess& spec,
                        const std::shared_ptr<const Dataset>& set) {
  std::vector<Transform> steps;
  add_colors(steps, options);
  if (spec.rule == ResizeRule::detr || spec.rule == ResizeRule::detr_transformers) {
    steps.push_back(detr_transform(detr_sizes(spec)));
    return chain(std::move(steps));
  }
  const bool boxed = spec.rule == ResizeRule::letterbox;
  const image::Color ground = boxed ? image::Color{114, 114, 114} : mean_color(spec);
  if (options.mosaic > 0) {
    steps.push_back(sometimes(options.mosaic, mosaic(set, {spec.width, spec.height, ground})));
  }
  if (options.flip) steps.push_back(horizontal_flip());
  if (options.scale_jitter > 0) {
    steps.push_back(random_zoom({1 - options.scale_jitter, 1 + options.scale_jitter}, ground));
  }
  switch (spec.rule) {
    case ResizeRule::letterbox:
      steps.push_back(letterbox(spec.width, spec.height, ground));
      break;
    case ResizeRule::torchvision_detector:
      steps.push_back(random_short_side({spec.resize}, spec.longest));
      break;
    default:
      steps.push_back(resize_to(spec.width, spec.height, spec.interpolation));
  }
  return chain(std::move(steps));
}

}  // namespace

Transform training_transform(const AugmentOptions& options, const Preprocess& spec,
                             const std::shared_ptr<const Dataset>& set) {
  return set->task() == Task::classify ? for_classification(options, spec) : for_detection(options, spec, set);
}

BatchTransform batch_transform(const AugmentOptions& options) {
  if (options.mixup <= 0 && options.cutmix <= 0) return {};
  MixOptions mix;
  mix.mixup_alpha = options.mixup;
  mix.cutmix_alpha = options.cutmix;
  return mix_batch(mix);
}

std::array<std::int64_t, 2> largest_input(const Preprocess& spec, Task task) {
  const bool follows =
      task == Task::detect && (spec.rule == ResizeRule::detr || spec.rule == ResizeRule::detr_transformers ||
                               spec.rule == ResizeRule::torchvision_detector);
  if (!follows) return {spec.height, spec.width};
  const auto padded = [&](std::int64_t side) {
    return (side + spec.pad_multiple - 1) / spec.pad_multiple * spec.pad_multiple;
  };
  return {padded(spec.resize), padded(spec.longest)};
}

}  // namespace vitral::train
