// Pictures to tensors: equal to the libraries of each origin.
#include "common/image/preprocess.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "common/core/error.h"
#include "common/image/resize.h"
#include "tests/image/support.h"

namespace vitral::test {
namespace {

using image::Image;
using image::Preprocessor;

std::vector<float> input_of(const Preprocessor& preprocessor, const Image& picture) {
  const Placement placement = preprocessor.place(picture);
  std::vector<float> chw(static_cast<std::size_t>(placement.width) * static_cast<std::size_t>(placement.height) * 3);
  preprocessor.write(picture, placement, chw);
  return chw;
}

TEST(Preprocess, EqualsEveryOrigin) {
  std::map<std::string, int> compared;
  std::uint32_t seed = 0;
  std::string record;
  for (const auto& expected : golden().at("preprocessings")) {
    if (expected.at("record").dump() != record) seed = 0;
    record = expected.at("record").dump();
    SCOPED_TRACE(record + expected.at("size").dump());
    const Preprocessor preprocessor(preprocess_from_json(expected.at("record"), "golden"));
    const Image picture = pattern(expected.at("size").at(0), expected.at("size").at(1), seed++);
    if (expected.contains("refused")) {
      EXPECT_THROW(preprocessor.place(picture), Error);
      continue;
    }
    const Placement placement = preprocessor.place(picture);
    ASSERT_EQ(placement.height, expected.at("to").at(0).get<int>());
    ASSERT_EQ(placement.width, expected.at("to").at(1).get<int>());
    const std::vector<float> got = input_of(preprocessor, picture);
    if (expected.contains("crc")) {
      EXPECT_EQ(checksum(std::as_bytes(std::span(got))), expected.at("crc").get<std::uint32_t>());
    } else {
      const auto places = expected.at("places").get<std::vector<std::size_t>>();
      for (std::size_t i = 0; i < places.size(); ++i) {
        EXPECT_NEAR(got.at(places[i]), expected.at("values").at(i).get<float>(), 2e-6);
      }
    }
    ++compared[expected.at("record").at("rule")];
  }
  EXPECT_EQ(compared.size(), 7U);
  for (const auto& [rule, count] : compared) EXPECT_GE(count, 10) << rule;
}

TEST(Preprocess, TheViewIsWhatIsNormalised) {
  const Image picture = pattern(90, 60);
  for (const Preprocess& spec : {Preprocess{.height = 64, .width = 64}, Preprocess{.height = 200, .width = 48},
                                 rtdetr_preprocess(96), yolox_preprocess(96)}) {
    const Preprocessor preprocessor(spec);
    const Placement placement = preprocessor.place(picture);
    const Image view = preprocessor.view(picture, placement);
    const std::vector<float> got = input_of(preprocessor, picture);
    const std::size_t plane = got.size() / 3;
    for (std::size_t i = 0; i < plane; ++i) {
      for (std::size_t c = 0; c < 3; ++c) {
        const float level = static_cast<float>(view.pixels[3 * i + c]) / (spec.rescale ? 255.0F : 1.0F);
        ASSERT_EQ(got[(spec.bgr ? 2 - c : c) * plane + i], (level - spec.mean[c]) / spec.std[c]);
      }
    }
  }
}

TEST(Preprocess, DetectorsSayWhereThePictureIs) {
  const Preprocessor preprocessor(faster_rcnn_preprocess());
  const Image picture = pattern(333, 1000);
  const Placement placement = preprocessor.place(picture);
  EXPECT_EQ(placement.width % 32, 0);
  EXPECT_EQ(placement.height, 1344);
  EXPECT_EQ(placement.content_height(), 1333);
  const std::vector<float> got = input_of(preprocessor, picture);
  for (int y = 0; y < placement.height; ++y) {
    for (int x = 0; x < placement.width; ++x) {
      const bool padding = x >= placement.content_width() || y >= placement.content_height();
      const float value =
          got[static_cast<std::size_t>(y) * static_cast<std::size_t>(placement.width) + static_cast<std::size_t>(x)];
      ASSERT_TRUE(!padding || value == 0.0F);
    }
  }
  const Image view = preprocessor.view(picture, placement);
  EXPECT_EQ(view.width, placement.width);
  EXPECT_NEAR(view.row(0)[0], picture.row(0)[0], 1);
}

TEST(Preprocess, RefusesBuffersOfAnotherSize) {
  const Preprocessor preprocessor(Preprocess{.height = 8, .width = 8});
  const Image picture = pattern(10, 10);
  std::vector<float> chw(3 * 64 + 1);
  EXPECT_THROW(preprocessor.write(picture, preprocessor.place(picture), chw), Error);
}

TEST(Preprocess, RefusesRecordsThatMakeNoSense) {
  EXPECT_THROW(Preprocessor(Preprocess{.height = 0}), Error);
  EXPECT_THROW(Preprocessor(Preprocess{.std = {1, 0, 1}}), Error);
  EXPECT_THROW(Preprocessor(Preprocess{.rule = ResizeRule::torchvision}), Error);
  EXPECT_THROW(Preprocessor(Preprocess{.rule = ResizeRule::detr, .resize = 800}), Error);
}

}  // namespace
}  // namespace vitral::test
