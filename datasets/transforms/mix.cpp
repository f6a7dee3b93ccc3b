#include "datasets/transforms/mix.h"

#include <algorithm>
#include <cmath>

#include "common/core/error.h"
#include "datasets/geometry.h"

namespace vitral {
namespace {

using image::Image;
using image::Window;

void require_same_size(const Sample& a, const Sample& b) {
  if (a.picture.width != b.picture.width || a.picture.height != b.picture.height) {
    throw Error(ErrorKind::usage, "mix", "'" + a.name + "' and '" + b.name + "' differ in size; resize them first");
  }
}

/// Classes of both, each counted with its picture's share.
std::vector<ClassShare> mixed_classes(std::vector<ClassShare> a, const std::vector<ClassShare>& b, double share) {
  for (auto& entry : a) entry.share *= share;
  for (const auto& entry : b) {
    const auto same = [&](const ClassShare& other) { return other.class_index == entry.class_index; };
    const auto found = std::find_if(a.begin(), a.end(), same);
    if (found == a.end()) {
      a.push_back({entry.class_index, entry.share * (1 - share)});
    } else {
      found->share += entry.share * (1 - share);
    }
  }
  return a;
}

/// Places one picture so that its corner `corner` (0: bottom right, 1: bottom left, 2: top right, 3: top left) lies at
/// (x, y).
void place_tile(Sample& canvas, Sample tile, int corner, int x, int y) {
  const double ratio = std::min(static_cast<double>(canvas.width) / tile.picture.width,
                                static_cast<double>(canvas.height) / tile.picture.height);
  const auto side = [&](int length) { return std::max(1, static_cast<int>(length * ratio)); };
  const int width = side(tile.picture.width), height = side(tile.picture.height);
  tile = resized(std::move(tile), width, height, Interpolation::bilinear);
  const int left = corner % 2 == 0 ? x - width : x, top = corner < 2 ? y - height : y;
  const int from_x = std::max(0, -left), from_y = std::max(0, -top);
  const int to_x = std::min(width, canvas.width - left), to_y = std::min(height, canvas.height - top);
  if (to_x <= from_x || to_y <= from_y) return;
  tile = cropped(std::move(tile), {from_x, from_y, to_x - from_x, to_y - from_y});
  image::Canvas(canvas.picture).paste(tile.picture, left + from_x, top + from_y);
  move_objects(tile, 1, 1, left + from_x, top + from_y);
  canvas.objects.insert(canvas.objects.end(), tile.objects.begin(), tile.objects.end());
}

}  // namespace

Sample mixup(Sample a, const Sample& b, double share) {
  require_same_size(a, b);
  for (std::size_t i = 0; i < a.picture.pixels.size(); ++i) {
    const double level = a.picture.pixels[i] * share + b.picture.pixels[i] * (1 - share);
    a.picture.pixels[i] = static_cast<std::uint8_t>(std::clamp(std::nearbyint(level), 0.0, 255.0));
  }
  a.classes = mixed_classes(std::move(a.classes), b.classes, share);
  a.objects.insert(a.objects.end(), b.objects.begin(), b.objects.end());
  return a;
}

Sample cutmix(Sample a, const Sample& b, const Window& window) {
  require_same_size(a, b);
  for (int y = window.top; y < window.top + window.height; ++y) {
    std::copy_n(b.picture.row(y) + 3 * window.left, 3 * window.width, a.picture.row(y) + 3 * window.left);
  }
  const double area = static_cast<double>(a.picture.width) * a.picture.height;
  a.classes =
      mixed_classes(std::move(a.classes), b.classes, 1 - static_cast<double>(window.width) * window.height / area);
  return a;
}

Window cutmix_window(int width, int height, double share, Rng& rng) {
  const double ratio = std::sqrt(1 - share);
  const auto span = [&](int whole) {
    const int cut = static_cast<int>(whole * ratio),
              centre = static_cast<int>(rng.below(static_cast<std::uint64_t>(whole)));
    return std::array<int, 2>{std::clamp(centre - cut / 2, 0, whole), std::clamp(centre + (cut + 1) / 2, 0, whole)};
  };
  const auto y = span(height), x = span(width);
  return {x[0], y[0], x[1] - x[0], y[1] - y[0]};
}

BatchTransform mix_batch(const MixOptions& options) {
  return [options](std::vector<Sample>& batch, Rng& rng) {
    if (batch.empty() || !rng.chance(options.probability)) return;
    const bool can_mixup = options.mixup_alpha > 0, can_cutmix = options.cutmix_alpha > 0;
    if (!can_mixup && !can_cutmix) return;
    const bool cuts = can_cutmix && (!can_mixup || rng.chance(options.cutmix_probability));
    const double share = rng.beta(cuts ? options.cutmix_alpha : options.mixup_alpha);
    const auto& first = batch.front().picture;
    const Window window = cuts ? cutmix_window(first.width, first.height, share, rng) : Window{};
    const auto mix = [&](const Sample& a, const Sample& b) { return cuts ? cutmix(a, b, window) : mixup(a, b, share); };
    for (std::size_t i = 0, k = batch.size() - 1; i <= k; ++i, --k) {
      Sample front = mix(batch[i], batch[k]);
      if (i != k) batch[k] = mix(batch[k], batch[i]);
      batch[i] = std::move(front);
      if (k == 0) break;
    }
  };
}

Transform mosaic(std::shared_ptr<const Dataset> dataset, const MosaicOptions& options) {
  return [dataset = std::move(dataset), options](Sample sample, Rng& rng) {
    const int x = static_cast<int>(rng.between(options.width / 4, options.width - options.width / 4));
    const int y = static_cast<int>(rng.between(options.height / 4, options.height - options.height / 4));
    Sample canvas;
    canvas.id = sample.id;
    canvas.name = sample.name;
    canvas.width = options.width;
    canvas.height = options.height;
    canvas.picture = Image::uninitialized(options.width, options.height);
    image::Canvas(canvas.picture).fill({0, 0, options.width, options.height}, options.fill);
    place_tile(canvas, std::move(sample), 0, x, y);
    for (int corner = 1; corner < 4; ++corner)
      place_tile(canvas, dataset->get(rng.below(dataset->size())), corner, x, y);
    return canvas;
  };
}

}  // namespace vitral
