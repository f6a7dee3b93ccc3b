#include "datasets/transforms/transform.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "common/core/error.h"
#include "datasets/geometry.h"
#include "datasets/transforms/colors.h"

namespace vitral {
namespace {

using image::Image;
using image::Window;

/// Python's int(round(x)): half to even.
int rounded(double x) {
  return static_cast<int>(std::nearbyint(x));
}

int below(Rng& rng, int count) {
  return static_cast<int>(rng.below(static_cast<std::uint64_t>(count)));
}

double log_uniform(Rng& rng, const std::array<double, 2>& range) {
  return std::exp(rng.uniform(std::log(range[0]), std::log(range[1])));
}

}  // namespace

Transform chain(std::vector<Transform> transforms) {
  return [transforms = std::move(transforms)](Sample sample, Rng& rng) {
    for (const auto& transform : transforms) sample = transform(std::move(sample), rng);
    return sample;
  };
}

Transform sometimes(double probability, Transform transform) {
  return [probability, transform = std::move(transform)](Sample sample, Rng& rng) {
    return rng.chance(probability) ? transform(std::move(sample), rng) : std::move(sample);
  };
}

Transform one_of(std::vector<Transform> transforms) {
  if (transforms.empty()) throw Error(ErrorKind::usage, "one_of", "there is no transform to choose");
  return [transforms = std::move(transforms)](Sample sample, Rng& rng) {
    return transforms[rng.below(transforms.size())](std::move(sample), rng);
  };
}

Sample cropped(Sample sample, const Window& window) {
  Image out = Image::uninitialized(window.width, window.height);
  for (int y = 0; y < window.height; ++y) {
    std::copy_n(sample.picture.row(window.top + y) + 3 * window.left, out.stride(), out.row(y));
  }
  sample.picture = std::move(out);
  sample.width = window.width;
  sample.height = window.height;
  move_objects(sample, 1, 1, -window.left, -window.top);
  clip_objects(sample);
  return sample;
}

Sample resized(Sample sample, int width, int height, Interpolation filter) {
  const double x = static_cast<double>(width) / sample.picture.width;
  const double y = static_cast<double>(height) / sample.picture.height;
  sample.picture = image::resize(sample.picture, width, height, filter);
  sample.width = width;
  sample.height = height;
  move_objects(sample, x, y, 0, 0);
  return sample;
}

Sample flipped(Sample sample) {
  Image& picture = sample.picture;
  for (int y = 0; y < picture.height; ++y) {
    std::uint8_t* const row = picture.row(y);
    for (int left = 0, right = picture.width - 1; left < right; ++left, --right) {
      std::swap_ranges(row + 3 * left, row + 3 * left + 3, row + 3 * right);
    }
  }
  for (auto& object : sample.objects) {
    const Box box = object.box;
    object.box.xmin = picture.width - box.xmax;
    object.box.xmax = picture.width - box.xmin;
  }
  return sample;
}

Transform resize_to(int width, int height, Interpolation filter) {
  return [=](Sample sample, Rng&) { return resized(std::move(sample), width, height, filter); };
}

Transform horizontal_flip(double probability) {
  return sometimes(probability, [](Sample sample, Rng&) { return flipped(std::move(sample)); });
}

Window random_window(int width, int height, const RandomResizedCropOptions& options, Rng& rng) {
  const double area = static_cast<double>(width) * height;
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double target = area * rng.uniform(options.scale[0], options.scale[1]);
    const double ratio = log_uniform(rng, options.ratio);
    const int w = rounded(std::sqrt(target * ratio)), h = rounded(std::sqrt(target / ratio));
    if (w < 1 || w > width || h < 1 || h > height) continue;
    const int top = below(rng, height - h + 1);
    return {below(rng, width - w + 1), top, w, h};
  }
  const double ratio = static_cast<double>(width) / height;
  int w = width, h = height;
  if (ratio < options.ratio[0]) h = std::clamp(rounded(w / options.ratio[0]), 1, height);
  if (ratio > options.ratio[1]) w = std::clamp(rounded(h * options.ratio[1]), 1, width);
  return {(width - w) / 2, (height - h) / 2, w, h};
}

Transform random_resized_crop(const RandomResizedCropOptions& options) {
  return [options](Sample sample, Rng& rng) {
    const auto window = random_window(sample.picture.width, sample.picture.height, options, rng);
    return resized(cropped(std::move(sample), window), options.width, options.height, options.filter);
  };
}

Transform scale_jitter(const ScaleJitterOptions& options) {
  return [options](Sample sample, Rng& rng) {
    const double scale = rng.uniform(options.scale[0], options.scale[1]);
    const double width = sample.picture.width, height = sample.picture.height;
    const double ratio = std::min(options.height / height, options.width / width) * scale;
    return resized(std::move(sample), std::max(1, static_cast<int>(width * ratio)),
                   std::max(1, static_cast<int>(height * ratio)), options.filter);
  };
}

Transform random_short_side(std::vector<int> sizes, int longest) {
  if (sizes.empty()) throw Error(ErrorKind::usage, "random_short_side", "there is no size to choose");
  return [sizes = std::move(sizes), longest](Sample sample, Rng& rng) {
    Preprocess spec = detr_preprocess();
    spec.resize = sizes[rng.below(sizes.size())];
    spec.longest = longest;
    const Placement size = place(spec, sample.picture.width, sample.picture.height);
    return resized(std::move(sample), size.resized_width, size.resized_height, Interpolation::bilinear);
  };
}

Transform random_size_crop(int least, int most) {
  return [=](Sample sample, Rng& rng) {
    const auto side = [&](int whole) {
      const int high = std::min(whole, most);
      return static_cast<int>(rng.between(std::min(least, high), high));
    };
    const int width = side(sample.picture.width), height = side(sample.picture.height);
    const int top = below(rng, sample.picture.height - height + 1);
    const int left = below(rng, sample.picture.width - width + 1);
    return cropped(std::move(sample), {left, top, width, height});
  };
}

Transform detr_transform(const DetrTransformOptions& options) {
  const Transform resize = random_short_side(options.sizes, options.longest);
  const Transform crop = random_size_crop(options.least_crop, options.most_crop);
  // Before the crop the long side may be what it is, as in the reference, whose RandomResize has no cap there.
  const Transform first = random_short_side(options.sizes_before_crop, 1 << 20);
  return chain({horizontal_flip(), one_of({resize, chain({first, crop, resize})})});
}

Transform color_jitter(const ColorJitterOptions& options) {
  return [options](Sample sample, Rng& rng) {
    const auto factor = [&](double width) { return rng.uniform(std::max(0.0, 1 - width), 1 + width); };
    std::vector<int> order{0, 1, 2, 3};
    rng.shuffle(order);
    const double factors[] = {factor(options.brightness), factor(options.contrast), factor(options.saturation),
                              rng.uniform(-options.hue, options.hue)};
    for (const int step : order) {
      Image& picture = sample.picture;
      if (step == 0 && options.brightness > 0) picture = brightness(std::move(picture), factors[0]);
      if (step == 1 && options.contrast > 0) picture = contrast(std::move(picture), factors[1]);
      if (step == 2 && options.saturation > 0) picture = saturation(std::move(picture), factors[2]);
      if (step == 3 && options.hue > 0) picture = hue(std::move(picture), factors[3]);
    }
    return sample;
  };
}

Transform random_erasing(const RandomErasingOptions& options) {
  return sometimes(options.probability, [options](Sample sample, Rng& rng) {
    Image& picture = sample.picture;
    const double area = static_cast<double>(picture.width) * picture.height;
    for (int attempt = 0; attempt < 10; ++attempt) {
      const double target = rng.uniform(options.area[0], options.area[1]) * area;
      const double ratio = log_uniform(rng, options.ratio);
      const int h = rounded(std::sqrt(target * ratio)), w = rounded(std::sqrt(target / ratio));
      if (w < 1 || h < 1 || w >= picture.width || h >= picture.height) continue;
      const int top = below(rng, picture.height - h + 1), left = below(rng, picture.width - w + 1);
      for (int y = top; y < top + h; ++y) {
        for (int i = 3 * left; i < 3 * (left + w); ++i) {
          const auto channel = static_cast<std::size_t>(i % 3);
          const double level = options.mean[channel] + (options.noise ? options.std[channel] * rng.normal() : 0.0);
          picture.row(y)[i] = static_cast<std::uint8_t>(std::clamp(std::nearbyint(level), 0.0, 255.0));
        }
      }
      break;
    }
    return sample;
  });
}

}  // namespace vitral
