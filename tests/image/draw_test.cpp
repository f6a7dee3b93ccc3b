#include "common/image/draw.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

#include "common/core/error.h"
#include "common/image/canvas.h"
#include "common/image/decode.h"
#include "tests/image/support.h"

namespace vitral::test {
namespace {

using image::Image;

Image filled(int width, int height, std::uint8_t level) {
  Image out = Image::uninitialized(width, height);
  std::fill(out.pixels.begin(), out.pixels.end(), level);
  return out;
}

bool has_level(const Image& image, int x, int y, std::uint8_t level) {
  const std::uint8_t* p = image.row(y) + 3 * x;
  return p[0] == level && p[1] == level && p[2] == level;
}

TEST(Draw, PngKeepsEveryPixelAndJpegNearlyAll) {
  const Image picture = pattern(61, 43);
  EXPECT_EQ(image::decode(image::encode_png(picture), "a.png"), picture);
  Image smooth = filled(64, 64, 90);
  for (int i = 0; i < 64; ++i) smooth.row(i)[3 * i] = 95;
  const Image back = image::decode(image::encode_jpeg(smooth, 95), "a.jpg");
  ASSERT_EQ(back.width, 64);
  for (std::size_t i = 0; i < back.pixels.size(); ++i) EXPECT_NEAR(back.pixels[i], smooth.pixels[i], 8);
  EXPECT_THROW(image::encode_png(Image{}), Error);
}

TEST(Draw, BoxesStayInsideAndLeaveTheRestAlone) {
  Image picture = filled(200, 150, 7);
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<image::LabelledBox> boxes{{50, 60, 120, 110, "person 0.98", 0},
                                              {-50, -60, 1e9F, 1e9F, "everything", 3},
                                              {nan, 0, 10, 10, "no number", 1},
                                              {0, 0, inf, 10, "no end", 1},
                                              {90, 90, 20, 20, "the wrong way round", 2},
                                              {190, 140, 199, 149, std::string(500, 'W'), -1},
                                              {10, 20, 30, 40, "\xC3\xA9t\xC3\xA9\n\x01", 5}};
  image::draw_boxes(picture, boxes);
  EXPECT_FALSE(has_level(picture, 50, 80, 7));  // an edge
  EXPECT_TRUE(has_level(picture, 80, 90, 7));   // inside
  EXPECT_TRUE(has_level(picture, 140, 80, 7));  // outside
  Image untouched = filled(20, 20, 7);
  image::draw_boxes(untouched, {});
  EXPECT_EQ(untouched, filled(20, 20, 7));
}

TEST(Draw, NeighbouringClassesDiffer) {
  Image picture = filled(300, 40, 0);
  std::vector<image::LabelledBox> boxes;
  for (int i = 0; i < 10; ++i)
    boxes.push_back({static_cast<float>(30 * i), 5, static_cast<float>(30 * i + 25), 30, "", i});
  image::draw_boxes(picture, boxes);
  const auto color = [&](int i) { return picture.row(15) + 3 * (30 * i); };
  for (int i = 0; i + 1 < 10; ++i) {
    const int distance = std::abs(color(i)[0] - color(i + 1)[0]) + std::abs(color(i)[1] - color(i + 1)[1]) +
                         std::abs(color(i)[2] - color(i + 1)[2]);
    EXPECT_GT(distance, 100) << i;
  }
}

TEST(Draw, TextCoversWhatItSaysItCovers) {
  const image::Font font{12, false};
  Image picture = filled(300, 60, 0);
  image::Canvas(picture).text("Hag 0.98", 20, 20, font, {255, 255, 255});
  int left = 300, right = 0, top = 60, bottom = 0;
  for (int y = 0; y < 60; ++y) {
    for (int x = 0; x < 300; ++x) {
      if (picture.row(y)[3 * x] < 128) continue;
      left = std::min(left, x), right = std::max(right, x), top = std::min(top, y), bottom = std::max(bottom, y);
    }
  }
  EXPECT_NEAR(left, 20, 3);
  EXPECT_NEAR(right, 20 + image::text_width("Hag 0.98", font), 3);
  EXPECT_NEAR(top, 20, 2);
  EXPECT_NEAR(bottom, 20 + 12 + 4, 2);  // the tail of g
  EXPECT_LE(image::text_width(image::fitted(std::string(200, 'm'), font, 90), font), 90);
  EXPECT_EQ(image::fitted("short", font, 200), "short");
}

TEST(Draw, ContactSheetsHoldAllCards) {
  std::vector<image::Card> cards;
  for (int i = 0; i < 7; ++i) {
    cards.push_back(
        {pattern(100 + 40 * i, 400 - 50 * i),
         "photo_" + std::to_string(i) + ".jpg",
         {{"tabby, tabby cat", 0.71F}, {"a label that is far too long for one line of such a card", 0.2F}}});
  }
  const Image sheet = image::contact_sheet(cards, {.columns = 3, .card_width = 240, .title = "efficientnet_lite0"});
  EXPECT_EQ(sheet.width, 16 + 3 * (240 + 16));
  EXPECT_GT(sheet.height, 3 * 180);
  EXPECT_EQ(image::contact_sheet({cards.data(), 1}, {.columns = 3}).width, 16 + 320 + 16);
  cards[0].scores[0].second = std::numeric_limits<float>::quiet_NaN();
  cards[0].picture = Image{};
  EXPECT_NO_THROW(image::contact_sheet(cards));
  EXPECT_THROW(image::contact_sheet({}), Error);
  EXPECT_THROW(image::contact_sheet(std::vector<image::Card>(100'000), {}), Error);
}

TEST(Draw, ThumbnailsFitAndNeverGrow) {
  const Image small = image::thumbnail(pattern(400, 100), 100, 100);
  EXPECT_EQ(small.width, 100);
  EXPECT_EQ(small.height, 25);
  EXPECT_EQ(image::thumbnail(pattern(10, 20), 100, 100), pattern(10, 20));
  EXPECT_EQ(image::thumbnail(pattern(3000, 1), 100, 100).height, 1);
}

}  // namespace
}  // namespace vitral::test
