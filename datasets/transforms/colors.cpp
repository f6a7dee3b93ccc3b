#include "datasets/transforms/colors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace vitral {
namespace {

using image::Image;
using Table = std::array<std::uint8_t, 256>;

/// ITU-R 601-2 luma in 16 bits of fraction, rounded.
int grey_of(const std::uint8_t* rgb) {
  return (rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16;
}

/// from + factor (to - from) in single precision; cut to 8 bits, not rounded.
std::uint8_t blend(int from, int to, float factor) {
  const float value = static_cast<float>(from) + factor * static_cast<float>(to - from);
  return static_cast<std::uint8_t>(std::clamp(value, 0.0f, 255.0f));
}

template <class Value>
Table table_of(Value value) {
  Table table;
  for (int i = 0; i < 256; ++i) table[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(value(i));
  return table;
}

Image looked_up(Image picture, const Table& table) {
  for (auto& sample : picture.pixels) sample = table[sample];
  return picture;
}

/// A table a channel, made from the channel's histogram.
template <class MakeTable>
Image by_histogram(Image picture, MakeTable make_table) {
  for (std::size_t channel = 0; channel < 3; ++channel) {
    std::array<std::size_t, 256> histogram{};
    for (std::size_t i = channel; i < picture.pixels.size(); i += 3) ++histogram[picture.pixels[i]];
    const Table table = make_table(histogram);
    for (std::size_t i = channel; i < picture.pixels.size(); i += 3) picture.pixels[i] = table[picture.pixels[i]];
  }
  return picture;
}

struct Hsv {
  std::uint8_t hue = 0, saturation = 0, value = 0;
};

Hsv to_hsv(const std::uint8_t* rgb) {
  const int red = rgb[0], green = rgb[1], blue = rgb[2];
  const int most = std::max({red, green, blue}), least = std::min({red, green, blue});
  if (most == least) return {0, 0, static_cast<std::uint8_t>(most)};
  const auto span = static_cast<float>(most - least);
  const auto distance = [&](int channel) { return static_cast<float>(most - channel) / span; };
  float hue = 0;
  if (red == most) {
    hue = distance(blue) - distance(green);
  } else if (green == most) {
    hue = static_cast<float>(2.0 + distance(red) - distance(blue));
  } else {
    hue = static_cast<float>(4.0 + distance(green) - distance(red));
  }
  hue = static_cast<float>(std::fmod(hue / 6.0 + 1.0, 1.0));
  const float saturation = span / static_cast<float>(most);
  return {static_cast<std::uint8_t>(std::clamp(static_cast<int>(hue * 255.0), 0, 255)),
          static_cast<std::uint8_t>(std::clamp(static_cast<int>(saturation * 255.0), 0, 255)),
          static_cast<std::uint8_t>(most)};
}

void from_hsv(const Hsv& hsv, std::uint8_t* rgb) {
  const double sixths = hsv.hue * 6.0 / 255.0, sector = std::floor(sixths);
  const auto rest = static_cast<float>(sixths - sector), saturation = static_cast<float>(hsv.saturation / 255.0);
  const auto level = [&](double share) { return static_cast<std::uint8_t>(std::round(hsv.value * share)); };
  const std::uint8_t low = level(1.0 - saturation), falling = level(1.0 - saturation * rest);
  const std::uint8_t rising = level(1.0 - saturation * (1.0 - rest)), high = hsv.value;
  const std::uint8_t sectors[6][3] = {{high, rising, low},  {falling, high, low}, {low, high, rising},
                                      {low, falling, high}, {rising, low, high},  {high, low, falling}};
  std::copy_n(sectors[static_cast<int>(sector) % 6], 3, rgb);
}

}  // namespace

Image brightness(Image picture, double factor) {
  return looked_up(std::move(picture), table_of([&](int i) { return blend(0, i, static_cast<float>(factor)); }));
}

Image contrast(Image picture, double factor) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < picture.pixels.size(); i += 3)
    sum += static_cast<std::uint64_t>(grey_of(&picture.pixels[i]));
  const auto count = static_cast<double>(std::max<std::size_t>(picture.pixels.size() / 3, 1));
  const int mean = static_cast<int>(static_cast<double>(sum) / count + 0.5);
  return looked_up(std::move(picture), table_of([&](int i) { return blend(mean, i, static_cast<float>(factor)); }));
}

Image saturation(Image picture, double factor) {
  for (std::size_t i = 0; i < picture.pixels.size(); i += 3) {
    const int grey = grey_of(&picture.pixels[i]);
    for (std::size_t k = i; k < i + 3; ++k)
      picture.pixels[k] = blend(grey, picture.pixels[k], static_cast<float>(factor));
  }
  return picture;
}

Image sharpness(const Image& picture, double factor) {
  Image out = picture;
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < 3 * picture.width; ++x) {
      const bool is_edge = y == 0 || y == picture.height - 1 || x < 3 || x >= 3 * picture.width - 3;
      const int here = picture.row(y)[x];
      int smooth = here;
      if (!is_edge) {  // the neighbours once, the pixel five times
        int sum = 4 * here;
        for (int dy = -1; dy <= 1; ++dy) {
          for (int dx = -3; dx <= 3; dx += 3) sum += picture.row(y + dy)[x + dx];
        }
        smooth = (2 * sum + 13) / 26;
      }
      out.row(y)[x] = blend(smooth, here, static_cast<float>(factor));
    }
  }
  return out;
}

Image hue(Image picture, double turn) {
  const auto shift = static_cast<std::uint8_t>(static_cast<int>(turn * 255));  // modulo 256, as numpy's uint8
  for (std::size_t i = 0; i < picture.pixels.size(); i += 3) {
    Hsv hsv = to_hsv(&picture.pixels[i]);
    hsv.hue = static_cast<std::uint8_t>(hsv.hue + shift);
    from_hsv(hsv, &picture.pixels[i]);
  }
  return picture;
}

Image autocontrast(Image picture) {
  return by_histogram(std::move(picture), [](const auto& histogram) {
    int low = 0, high = 255;
    while (low < 255 && histogram[static_cast<std::size_t>(low)] == 0) ++low;
    while (high > 0 && histogram[static_cast<std::size_t>(high)] == 0) --high;
    if (high <= low) return table_of([](int i) { return i; });
    const double scale = 255.0 / (high - low), offset = -low * scale;
    return table_of([&](int i) { return std::clamp(static_cast<int>(i * scale + offset), 0, 255); });
  });
}

Image equalize(Image picture) {
  const std::size_t count = picture.pixels.size() / 3;
  return by_histogram(std::move(picture), [&](const auto& histogram) {
    const auto last = std::find_if(histogram.rbegin(), histogram.rend(), [](auto n) { return n > 0; });
    const std::size_t step = last == histogram.rend() ? 0 : (count - *last) / 255;
    if (step == 0) return table_of([](int i) { return i; });
    std::size_t sum = step / 2;
    return table_of([&](int i) {
      const std::size_t level = sum / step;
      sum += histogram[static_cast<std::size_t>(i)];
      return std::min<std::size_t>(level, 255);
    });
  });
}

Image invert(Image picture) {
  return looked_up(std::move(picture), table_of([](int i) { return 255 - i; }));
}

Image posterize(Image picture, int bits) {
  const int mask = ~((1 << (8 - bits)) - 1);
  return looked_up(std::move(picture), table_of([&](int i) { return i & mask; }));
}

Image solarize(Image picture, int threshold) {
  return looked_up(std::move(picture), table_of([&](int i) { return i < threshold ? i : 255 - i; }));
}

Image solarize_add(Image picture, int amount) {
  return looked_up(std::move(picture), table_of([&](int i) { return i < 128 ? std::min(255, i + amount) : i; }));
}

}  // namespace vitral
