#include "datasets/make/background.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace vitral {
namespace {

using Rgb = std::array<double, 3>;

Rgb random_color(Rng& rng, double low, double high) {
  return {rng.uniform(low, high), rng.uniform(low, high), rng.uniform(low, high)};
}

/// Random values on a grid, between them smoothly interpolated.
class ValueNoise {
 public:
  ValueNoise(int width, int height, double cell, Rng& rng)
      : cell_(cell), columns_(static_cast<int>(width / cell) + 2), rows_(static_cast<int>(height / cell) + 2) {
    values_.resize(static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_));
    for (auto& value : values_) value = rng.uniform(-1, 1);
  }
  double at(int x, int y) const {
    const double u = x / cell_, v = y / cell_;
    const int column = static_cast<int>(u), row = static_cast<int>(v);
    const auto smooth = [](double t) { return t * t * (3 - 2 * t); };
    const double s = smooth(u - column), t = smooth(v - row);
    const double top = value(column, row) * (1 - s) + value(column + 1, row) * s;
    const double bottom = value(column, row + 1) * (1 - s) + value(column + 1, row + 1) * s;
    return top * (1 - t) + bottom * t;
  }

 private:
  double value(int column, int row) const { return values_[static_cast<std::size_t>(row * columns_ + column)]; }

  double cell_;
  int columns_, rows_;
  std::vector<double> values_;
};

/// A turned rectangle, ellipse or bar, laid over the picture.
class Shape {
 public:
  Shape(int width, int height, Rng& rng)
      : kind_(static_cast<int>(rng.below(3))),
        x_(rng.uniform(0, width)),
        y_(rng.uniform(0, height)),
        a_(rng.uniform(0.02, 0.18) * width),
        b_(kind_ == 2 ? rng.uniform(1, 4) : rng.uniform(0.02, 0.18) * height),
        color_(random_color(rng, 0, 255)),
        strength_(rng.uniform(0.3, 1)) {
    const double angle = rng.uniform(0, 3.141592653589793);
    cosine_ = std::cos(angle), sine_ = std::sin(angle);
  }
  void draw(image::Image& picture) const {
    const int reach = static_cast<int>(std::hypot(a_, b_)) + 1;
    const int left = std::max(0, static_cast<int>(x_) - reach),
              right = std::min(picture.width, static_cast<int>(x_) + reach);
    const int top = std::max(0, static_cast<int>(y_) - reach),
              bottom = std::min(picture.height, static_cast<int>(y_) + reach);
    for (int y = top; y < bottom; ++y) {
      for (int x = left; x < right; ++x) {
        if (holds(x, y)) paint(picture.row(y) + 3 * x);
      }
    }
  }

 private:
  bool holds(int x, int y) const {
    const double u = ((x - x_) * cosine_ + (y - y_) * sine_) / a_, v = ((y - y_) * cosine_ - (x - x_) * sine_) / b_;
    return kind_ == 0 ? u * u + v * v <= 1 : std::abs(u) <= 1 && std::abs(v) <= 1;
  }
  void paint(std::uint8_t* pixel) const {
    for (std::size_t c = 0; c < 3; ++c) {
      pixel[c] = static_cast<std::uint8_t>(pixel[c] + strength_ * (color_[c] - pixel[c]));
    }
  }

  int kind_;
  double x_, y_, a_, b_;
  Rgb color_;
  double strength_, cosine_ = 1, sine_ = 0;
};

}  // namespace

image::Image make_background(int width, int height, Rng& rng) {
  const Rgb from = random_color(rng, 20, 235), to = random_color(rng, 20, 235);
  const double angle = rng.uniform(0, 6.283185307179586), fine = rng.uniform(2, 12), coarse = rng.uniform(10, 45);
  const ValueNoise large(width, height, rng.uniform(40, 120), rng), small(width, height, rng.uniform(5, 20), rng);
  const Rgb tint = random_color(rng, 0.4, 1);
  auto picture = image::Image::uninitialized(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double along = std::cos(angle) * (x - width / 2.0) / width + std::sin(angle) * (y - height / 2.0) / height;
      const double share = std::clamp(along + 0.5, 0.0, 1.0);
      const double noise = coarse * large.at(x, y) + fine * small.at(x, y);
      const double grain = rng.uniform(-3, 3);
      for (std::size_t c = 0; c < 3; ++c) {
        const double level = from[c] + share * (to[c] - from[c]) + noise * tint[c] + grain;
        picture.row(y)[3 * x + static_cast<int>(c)] = static_cast<std::uint8_t>(std::clamp(level, 0.0, 255.0));
      }
    }
  }
  for (auto count = rng.between(0, 14); count > 0; --count) Shape(width, height, rng).draw(picture);
  return picture;
}

}  // namespace vitral
