// Resizing equals Pillow's.
#include "common/image/resize.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/core/error.h"
#include "tests/image/support.h"

namespace vitral::test {
namespace {

using image::Image;
using image::resize;

constexpr Interpolation kFilters[] = {Interpolation::nearest, Interpolation::box,     Interpolation::bilinear,
                                      Interpolation::hamming, Interpolation::bicubic, Interpolation::lanczos};

TEST(Resize, EqualsPillow) {
  std::uint32_t seed = 0;
  int compared = 0;
  for (const auto& expected : golden().at("resizes")) {
    const auto from = expected.at("size").get<std::array<int, 2>>(), to = expected.at("to").get<std::array<int, 2>>();
    const Image picture = pattern(from[0], from[1], seed++);
    for (const Interpolation filter : kFilters) {
      const Image got = resize(picture, to[0], to[1], filter);
      EXPECT_EQ(checksum(got), expected.at("crc").at(std::string(to_string(filter))).get<std::uint32_t>())
          << to_string(filter) << " " << from[0] << "x" << from[1] << " to " << to[0] << "x" << to[1];
      ++compared;
    }
  }
  EXPECT_GE(compared, 900);
}

Image crop(const Image& image, const image::Window& window) {
  Image out = Image::uninitialized(window.width, window.height);
  for (int y = 0; y < window.height; ++y) {
    std::copy_n(image.row(window.top + y) + 3 * window.left, out.stride(), out.row(y));
  }
  return out;
}

TEST(Resize, WindowsShowTheSamePixels) {
  const image::Window windows[] = {{0, 0, 1, 1}, {5, 7, 20, 11}, {30, 0, 10, 29}, {0, 28, 40, 1}, {39, 0, 1, 29}};
  for (const auto& [width, height] : {std::pair{90, 70}, {40, 29}, {40, 90}, {13, 29}, {11, 200}, {300, 8}}) {
    const Image picture = pattern(width, height);
    for (const Interpolation filter : kFilters) {
      const Image whole = resize(picture, 40, 29, filter);
      for (const auto& window : windows) EXPECT_EQ(resize(picture, 40, 29, filter, window), crop(whole, window));
    }
  }
}

TEST(Resize, AWindowOfAHugePictureIsCheap) {
  // 4 million columns would be 12 GB.
  const Image got = resize(pattern(500, 3), 4'000'000, 24'000, Interpolation::bicubic, {2'000'000, 12'000, 64, 64});
  EXPECT_EQ(got.width, 64);
}

TEST(Resize, TheSameSizeIsACopy) {
  const Image picture = pattern(31, 17);
  for (const Interpolation filter : kFilters) EXPECT_EQ(resize(picture, 31, 17, filter), picture);
}

TEST(Resize, OneColorStaysOneColor) {
  Image picture = Image::uninitialized(50, 40);
  for (const int level : {0, 1, 127, 254, 255}) {
    std::fill(picture.pixels.begin(), picture.pixels.end(), static_cast<std::uint8_t>(level));
    for (const Interpolation filter : kFilters) {
      const Image got = resize(picture, 7, 93, filter);
      EXPECT_EQ(std::count(got.pixels.begin(), got.pixels.end(), level), 7 * 93 * 3) << to_string(filter) << level;
    }
  }
}

TEST(Resize, RefusesSizesThatAreNone) {
  const Image picture = pattern(4, 4);
  EXPECT_THROW(resize(picture, 0, 4, Interpolation::box), Error);
  EXPECT_THROW(resize(picture, 4, -1, Interpolation::nearest), Error);
  EXPECT_THROW(resize(Image{}, 4, 4, Interpolation::bicubic), Error);
  EXPECT_THROW(resize(picture, 4, 4, Interpolation::bicubic, {0, 0, 5, 4}), Error);
  EXPECT_THROW(resize(picture, 4, 4, Interpolation::bicubic, {-1, 0, 2, 4}), Error);
  EXPECT_THROW(resize(picture, 4, 4, Interpolation::bicubic, {INT32_MAX, 0, 1, 4}), Error);
}

}  // namespace
}  // namespace vitral::test
