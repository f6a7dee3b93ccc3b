#include "datasets/make/fashion_scenes.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "common/core/error.h"
#include "datasets/make/background.h"
#include "datasets/rng.h"

namespace vitral {
namespace {

using image::Image;

constexpr int kNobody = -1;
constexpr double kClear = 12, kSolid = 48;  // grey levels of a garment below and above which it is clear or solid

/// A garment as it is to be laid into a scene.
struct Piece {
  Image picture;
  std::size_t class_index = 0;
  double x = 0, y = 0, side = 0, cosine = 1, sine = 0;  ///< centre and side in pixels of the scene
  std::array<double, 3> tint{1, 1, 1};
};

/// Between the garment's pixels, which are few: 28 x 28.
double grey_at(const Image& picture, double x, double y) {
  x = std::clamp(x - 0.5, 0.0, picture.width - 1.0), y = std::clamp(y - 0.5, 0.0, picture.height - 1.0);
  const int left = std::min(static_cast<int>(x), picture.width - 2),
            top = std::min(static_cast<int>(y), picture.height - 2);
  const auto smooth = [](double t) { return t * t * (3 - 2 * t); };
  const double s = smooth(x - left), t = smooth(y - top);
  const auto level = [&](int column, int row) { return static_cast<double>(picture.row(row)[3 * column]); };
  return (level(left, top) * (1 - s) + level(left + 1, top) * s) * (1 - t) +
         (level(left, top + 1) * (1 - s) + level(left + 1, top + 1) * s) * t;
}

class Scene {
 public:
  Scene(const FashionScenesOptions& options, Rng& rng)
      : options_(options),
        picture_(make_background(options.width, options.height, rng)),
        owner_(static_cast<std::size_t>(options.width) * static_cast<std::size_t>(options.height), kNobody) {}

  /// Lays the piece on top, unless too little of it or of one below would be visible.
  bool add(const Piece& piece) {
    const auto drawn = pixels_of(piece);
    if (drawn.all == 0 ||
        static_cast<double>(drawn.pixels.size()) < options_.least_visible * static_cast<double>(drawn.all))
      return false;
    std::vector<std::size_t> visible = visible_;
    for (const auto& pixel : drawn.pixels) {
      if (pixel.is_solid && owner_[pixel.place] != kNobody) --visible[static_cast<std::size_t>(owner_[pixel.place])];
    }
    for (std::size_t i = 0; i < visible.size(); ++i) {
      if (static_cast<double>(visible[i]) < options_.least_visible * static_cast<double>(whole_[i])) return false;
    }
    visible_ = std::move(visible);
    std::size_t solid = 0;
    for (const auto& pixel : drawn.pixels) {
      paint(pixel, piece);
      if (!pixel.is_solid) continue;
      owner_[pixel.place] = static_cast<int>(classes_.size());
      ++solid;
    }
    visible_.push_back(solid);
    whole_.push_back(drawn.all);
    classes_.push_back(piece.class_index);
    return true;
  }

  Sample sample() && {
    Sample sample;
    sample.width = options_.width;
    sample.height = options_.height;
    for (std::size_t i = 0; i < classes_.size(); ++i)
      sample.objects.push_back({box_of(static_cast<int>(i)), classes_[i], false, static_cast<double>(visible_[i])});
    sample.picture = std::move(picture_);
    return sample;
  }

 private:
  struct Pixel {
    std::size_t place = 0;
    double grey = 0, alpha = 0;
    bool is_solid = false;
  };
  struct Drawn {
    std::vector<Pixel> pixels;  ///< inside the scene, not clear
    std::size_t all = 0;        ///< solid ones, also those outside the scene
  };

  Drawn pixels_of(const Piece& piece) const {
    Drawn drawn;
    const int reach = static_cast<int>(std::ceil(piece.side * std::numbers::sqrt2 / 2)) + 1;
    const int x0 = static_cast<int>(piece.x), y0 = static_cast<int>(piece.y);
    for (int y = y0 - reach; y <= y0 + reach; ++y) {
      for (int x = x0 - reach; x <= x0 + reach; ++x) {
        const double dx = x + 0.5 - piece.x, dy = y + 0.5 - piece.y, scale = piece.picture.width / piece.side;
        const double u = (piece.cosine * dx + piece.sine * dy) * scale + piece.picture.width / 2.0;
        const double v = (piece.cosine * dy - piece.sine * dx) * scale + piece.picture.height / 2.0;
        if (u < 0 || v < 0 || u >= piece.picture.width || v >= piece.picture.height) continue;
        const double grey = grey_at(piece.picture, u, v),
                     alpha = std::clamp((grey - kClear) / (kSolid - kClear), 0.0, 1.0);
        if (alpha <= 0) continue;
        drawn.all += alpha >= 0.5;
        if (x < 0 || y < 0 || x >= options_.width || y >= options_.height) continue;
        drawn.pixels.push_back(
            {static_cast<std::size_t>(y) * static_cast<std::size_t>(options_.width) + static_cast<std::size_t>(x), grey,
             alpha, alpha >= 0.5});
      }
    }
    return drawn;
  }

  void paint(const Pixel& pixel, const Piece& piece) {
    std::uint8_t* const rgb = picture_.pixels.data() + 3 * pixel.place;
    for (std::size_t c = 0; c < 3; ++c) {
      const double level = rgb[c] + pixel.alpha * (pixel.grey * piece.tint[c] - rgb[c]);
      rgb[c] = static_cast<std::uint8_t>(std::clamp(level, 0.0, 255.0));
    }
  }

  Box box_of(int owner) const {
    Box box{static_cast<double>(options_.width), static_cast<double>(options_.height), 0, 0};
    for (std::size_t place = 0; place < owner_.size(); ++place) {
      if (owner_[place] != owner) continue;
      const double x = static_cast<double>(place % static_cast<std::size_t>(options_.width));
      const double y = static_cast<double>(place / static_cast<std::size_t>(options_.width));
      box = {std::min(box.xmin, x), std::min(box.ymin, y), std::max(box.xmax, x + 1), std::max(box.ymax, y + 1)};
    }
    return box;
  }

  const FashionScenesOptions& options_;
  Image picture_;
  std::vector<int> owner_;                    // of each pixel
  std::vector<std::size_t> visible_, whole_;  // solid pixels of each object
  std::vector<std::size_t> classes_;
};

Piece random_piece(const Dataset& garments, const FashionScenesOptions& options, Rng& rng) {
  const std::size_t index = rng.below(garments.size());
  Piece piece;
  piece.picture = garments.picture(index);
  piece.class_index = garments.describe(index).classes.at(0).class_index;
  piece.side = std::exp(rng.uniform(std::log(options.side[0]), std::log(options.side[1])));
  piece.x = rng.uniform(0.05, 0.95) * options.width;
  piece.y = rng.uniform(0.05, 0.95) * options.height;
  const double angle = rng.uniform(-options.rotation, options.rotation) * std::numbers::pi / 180;
  piece.cosine = std::cos(angle), piece.sine = std::sin(angle);
  for (auto& tint : piece.tint) tint = rng.uniform(0.45, 1.15);
  return piece;
}

Sample make_scene(const Dataset& garments, const FashionScenesOptions& options, std::size_t index) {
  Rng rng(options.seed, RandomPurpose::generation, options.stream, index);
  Scene scene(options, rng);
  const auto wanted = rng.between(options.least_objects, options.most_objects);
  for (std::int64_t placed = 0; placed < wanted; ++placed) {
    // A place may be too crowded; the first of all always finds one.
    for (int attempt = 0; attempt < 30 && !scene.add(random_piece(garments, options, rng)); ++attempt) {
    }
  }
  return std::move(scene).sample();
}

}  // namespace

FashionScenes::FashionScenes(std::shared_ptr<const Dataset> garments, const FashionScenesOptions& options)
    : Dataset(Task::detect, garments->classes()), garments_(std::move(garments)), options_(options) {
  if (garments_->task() != Task::classify || garments_->size() == 0) {
    throw Error(ErrorKind::input, "garments", "are pictures with classes, and at least one");
  }
}

Sample FashionScenes::get(std::size_t index) const {
  Sample sample = make_scene(*garments_, options_, index);
  sample.id = static_cast<std::int64_t>(index + 1);
  const std::string number = std::to_string(index + 1);
  sample.name = std::string(number.size() < 6 ? 6 - number.size() : 0, '0') + number;
  return sample;
}

Sample FashionScenes::describe(std::size_t index) const {
  Sample sample = get(index);
  sample.picture = {};
  return sample;
}

}  // namespace vitral
