#include <algorithm>
#include <cmath>

#include "datasets/transforms/transform.h"

namespace vitral {

Sample placed(Sample sample, std::array<int, 2> size, std::array<int, 2> corner, image::Color fill) {
  auto out = image::Image::uninitialized(size[0], size[1]);
  image::Canvas canvas(out);
  canvas.fill({0, 0, size[0], size[1]}, fill);
  canvas.paste(sample.picture, corner[0], corner[1]);
  sample.picture = std::move(out);
  sample.width = size[0];
  sample.height = size[1];
  for (auto& object : sample.objects) {
    auto& box = object.box;
    box = {box.xmin + corner[0], box.ymin + corner[1], box.xmax + corner[0], box.ymax + corner[1]};
  }
  return sample;
}

Transform random_zoom(std::array<double, 2> scale, image::Color fill) {
  return [scale, fill](Sample sample, Rng& rng) {
    const double by = rng.uniform(scale[0], scale[1]);
    const int before[] = {sample.picture.width, sample.picture.height};
    std::array<int, 2> size, corner;
    for (std::size_t i = 0; i < 2; ++i) {
      size[i] = std::max(1, static_cast<int>(std::lround(before[i] / by)));
      corner[i] = static_cast<int>(rng.between(0, std::abs(size[i] - before[i])));
    }
    if (size[0] <= before[0] && size[1] <= before[1]) {
      return cropped(std::move(sample), {corner[0], corner[1], size[0], size[1]});
    }
    return placed(std::move(sample), size, corner, fill);
  };
}

Transform letterbox(int width, int height, image::Color fill) {
  return [width, height, fill](Sample sample, Rng&) {
    Preprocess spec = yolox_preprocess();
    spec.width = width;
    spec.height = height;
    const Placement place = vitral::place(spec, sample.picture.width, sample.picture.height);
    auto small = resized(std::move(sample), place.resized_width, place.resized_height, Interpolation::bilinear);
    return placed(std::move(small), {width, height}, {0, 0}, fill);
  };
}

}  // namespace vitral
