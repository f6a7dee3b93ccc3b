#include "apps/heat_map.h"

#include <ATen/ops/tensor.h>
#include <ATen/ops/upsample_bicubic2d.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace vitral::apps {
namespace {

// Viridis (van der Walt and Smith 2015): of even lightness, and readable by the colour-blind.
constexpr std::array<std::array<float, 3>, 9> kRamp{{{68, 1, 84},
                                                     {71, 44, 122},
                                                     {59, 81, 139},
                                                     {44, 113, 142},
                                                     {33, 144, 141},
                                                     {39, 173, 129},
                                                     {92, 200, 99},
                                                     {170, 220, 50},
                                                     {253, 231, 37}}};

std::array<float, 3> color_of(float value) {
  const float place = std::clamp(value, 0.0F, 1.0F) * (kRamp.size() - 1);
  const auto i = std::min(static_cast<std::size_t>(place), kRamp.size() - 2);
  const float share = place - static_cast<float>(i);
  std::array<float, 3> color;
  for (std::size_t c = 0; c < 3; ++c) color[c] = kRamp[i][c] + (kRamp[i + 1][c] - kRamp[i][c]) * share;
  return color;
}

/// A white disc with a dark rim.
void draw_dot(image::Image& picture, float x, float y, float radius) {
  const int reach = static_cast<int>(std::ceil(radius)), left = static_cast<int>(x), top = static_cast<int>(y);
  for (int row = std::max(top - reach, 0); row <= std::min(top + reach, picture.height - 1); ++row) {
    for (int column = std::max(left - reach, 0); column <= std::min(left + reach, picture.width - 1); ++column) {
      const float away = std::hypot(static_cast<float>(column) - x, static_cast<float>(row) - y);
      if (away > radius) continue;
      const auto at = 3 * (static_cast<std::size_t>(row) * static_cast<std::size_t>(picture.width) +
                           static_cast<std::size_t>(column));
      std::fill_n(picture.pixels.begin() + static_cast<std::ptrdiff_t>(at), 3,
                  static_cast<std::uint8_t>(away > 0.7F * radius ? 0 : 255));
    }
  }
}

}  // namespace

image::Image view_of(const at::Tensor& input, const Preprocess& preprocess) {
  const auto rgb = preprocess.bgr ? input.flip(0) : input;
  const auto per_channel = [&](const std::array<float, 3>& values) {
    return at::tensor({values[0], values[1], values[2]}).view({3, 1, 1});
  };
  const auto levels =
      (rgb * per_channel(preprocess.std) + per_channel(preprocess.mean)) * (preprocess.rescale ? 255.0 : 1.0);
  const auto pixels = levels.round().clamp(0, 255).to(at::kByte).permute({1, 2, 0}).contiguous();
  auto image = image::Image::uninitialized(static_cast<int>(pixels.size(1)), static_cast<int>(pixels.size(0)));
  std::memcpy(image.pixels.data(), pixels.const_data_ptr(), image.pixels.size());
  return image;
}

image::Image overlay(const image::Image& picture, const at::Tensor& map, double opacity) {
  const std::array<std::int64_t, 2> size{picture.height, picture.width};
  const auto smooth = at::upsample_bicubic2d(map.to(at::kFloat).view({1, 1, map.size(0), map.size(1)}),
                                             at::IntArrayRef(size), /*align_corners=*/false)
                          .contiguous();
  const float least = map.min().item<float>(), span = map.max().item<float>() - least;
  const float* heat = smooth.const_data_ptr<float>();
  auto result = picture;
  const auto share = static_cast<float>(opacity);
  for (std::size_t i = 0; i < result.pixels.size() / 3; ++i) {
    const auto color = color_of(span > 0 ? (heat[i] - least) / span : 0);
    for (std::size_t c = 0; c < 3; ++c) {
      auto& pixel = result.pixels[3 * i + c];
      pixel = static_cast<std::uint8_t>(std::lround(static_cast<float>(pixel) * (1 - share) + color[c] * share));
    }
  }
  return result;
}

void draw_samples(image::Image& picture, const at::Tensor& locations, const at::Tensor& weights) {
  const auto places = locations.to(at::kFloat).reshape({-1, 2}).contiguous();
  const auto shares = weights.to(at::kFloat).reshape({-1}).contiguous();
  const float* place = places.const_data_ptr<float>();
  const float* share = shares.const_data_ptr<float>();
  const auto width = static_cast<float>(picture.width), height = static_cast<float>(picture.height);
  const float unit = std::max(1.5F, width / 400);
  for (std::int64_t i = 0; i < shares.numel(); ++i) {
    const float x = place[2 * i] * width, y = place[2 * i + 1] * height;
    if (!(x >= 0 && x < width && y >= 0 && y < height)) continue;  // beside the picture, or no number
    draw_dot(picture, x, y, unit * (1 + 4 * std::sqrt(std::clamp(share[i], 0.0F, 1.0F))));
  }
}

}  // namespace vitral::apps
