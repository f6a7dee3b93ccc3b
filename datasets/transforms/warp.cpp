#include "datasets/transforms/warp.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "common/core/error.h"

namespace vitral {
namespace {

using image::Image;

/// `taps` samples of a row or column at whole places, the first at `start`, and how they weigh at `rest` in [0, 1).
double linear(const double* v, double rest) {
  return v[0] + (v[1] - v[0]) * rest;
}

/// The cubic through four samples with a = -1.
double cubic(const double* v, double rest) {
  const double p2 = v[2] - v[0], p3 = 2 * (v[0] - v[1]) + v[2] - v[3], p4 = v[1] - v[0] - v[2] + v[3];
  return v[1] + rest * (p2 + rest * (p3 + rest * p4));
}

/// One channel at (x, y), which lies in the picture. Columns outside repeat the edge; rows below repeat the last value.
template <int kTaps>
std::uint8_t sample(const Image& picture, double x, double y, int channel) {
  x -= 0.5, y -= 0.5;
  const int left = static_cast<int>(std::floor(x)), top = static_cast<int>(std::floor(y));
  constexpr int kBefore = kTaps / 2 - 1;
  const auto weigh = [](const double* v, double rest) { return kTaps == 2 ? linear(v, rest) : cubic(v, rest); };
  double rows[kTaps];
  for (int i = 0; i < kTaps; ++i) {
    const int row = top - kBefore + i;
    if (i > 0 && (row < 0 || row >= picture.height)) {
      rows[i] = rows[i - 1];
      continue;
    }
    const std::uint8_t* const pixels = picture.row(std::clamp(row, 0, picture.height - 1));
    double columns[kTaps];
    for (int k = 0; k < kTaps; ++k) {
      columns[k] = pixels[3 * std::clamp(left - kBefore + k, 0, picture.width - 1) + channel];
    }
    rows[i] = weigh(columns, x - left);
  }
  return static_cast<std::uint8_t>(std::clamp(weigh(rows, y - top), 0.0, 255.0));
}

}  // namespace

Image warp(const Image& picture, const Affine& m, Interpolation filter, image::Color fill) {
  if (filter != Interpolation::bilinear && filter != Interpolation::bicubic) {
    throw Error(ErrorKind::usage, "warp", "samples bilinearly or bicubically only");
  }
  const auto at = filter == Interpolation::bilinear ? sample<2> : sample<4>;
  const std::uint8_t fills[3] = {fill.red, fill.green, fill.blue};
  Image out = Image::uninitialized(picture.width, picture.height);
  for (int row = 0; row < picture.height; ++row) {
    for (int column = 0; column < picture.width; ++column) {
      const double x = m[0] * (column + 0.5) + m[1] * (row + 0.5) + m[2];
      const double y = m[3] * (column + 0.5) + m[4] * (row + 0.5) + m[5];
      const bool is_inside = x >= 0 && x < picture.width && y >= 0 && y < picture.height;
      for (int channel = 0; channel < 3; ++channel) {
        out.row(row)[3 * column + channel] = is_inside ? at(picture, x, y, channel) : fills[channel];
      }
    }
  }
  return out;
}

Affine rotation(double degrees, int width, int height) {
  const double angle = -degrees * std::numbers::pi / 180;
  const auto rounded = [](double x) { return std::round(x * 1e15) / 1e15; };
  const double cosine = rounded(std::cos(angle)), sine = rounded(std::sin(angle));
  const double x = width / 2.0, y = height / 2.0;
  return {cosine, sine, -cosine * x - sine * y + x, -sine, cosine, sine * x - cosine * y + y};
}

}  // namespace vitral
