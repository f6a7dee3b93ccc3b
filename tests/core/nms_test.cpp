#include "common/core/nms.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "common/core/error.h"
#include "tests/support/source_dir.h"

namespace vitral {
namespace {

using Places = std::vector<std::int64_t>;

struct Scene {
  std::vector<float> boxes, scores;
  std::vector<std::int64_t> classes;
};

/// As tests/golden/nms.py.
Scene scene(std::uint32_t seed, std::uint32_t count) {
  std::mt19937 words(seed);
  const bool coarse = seed % 3 == 0;
  const float unit = coarse ? 8 : 0.125F;
  const auto below = [&](std::uint32_t fine, std::uint32_t rough) {
    return static_cast<float>(words() % (coarse ? rough : fine));
  };
  Scene result;
  for (std::uint32_t i = 0; i < count; ++i) {
    const float left = below(800, 12), top = below(800, 12), width = below(400, 8), height = below(400, 8);
    for (const float side : {left, top, left + width, top + height}) result.boxes.push_back(side * unit);
    result.scores.push_back(below(10000, 6) / 16384);
    result.classes.push_back(words() % 4);
  }
  return result;
}

std::uint32_t checksum(const Places& kept) {
  std::uint32_t value = 2166136261U;
  for (const auto place : kept) value = (value ^ static_cast<std::uint32_t>(place)) * 16777619U;
  return value;
}

nlohmann::json golden() {
  std::ifstream file(test::source_dir() + "/tests/golden/nms.json");
  return nlohmann::json::parse(file);
}

TEST(Nms, KeepsWhatTorchvisionKeeps) {
  const auto cases = golden().at("cases");
  ASSERT_EQ(cases.size(), 3000U);
  const double thresholds[] = {0.5, 0.7, 0.65, 0.3, 1.0 / 3, 0.0};
  for (std::uint32_t seed = 0; seed < cases.size(); ++seed) {
    SCOPED_TRACE(seed);
    const auto s = scene(seed, seed % 71);
    const double threshold = thresholds[seed % 6];
    ASSERT_EQ(checksum(nms(s.boxes, s.scores, threshold)), cases[seed][0].get<std::uint32_t>());
    ASSERT_EQ(checksum(nms(s.boxes, s.scores, s.classes, threshold)), cases[seed][1].get<std::uint32_t>());
    ASSERT_EQ(checksum(nms(s.boxes, s.scores, s.classes, threshold, NmsRule::torchvision)),
              cases[seed][2].get<std::uint32_t>());
  }
}

TEST(Nms, KeepsWhatTorchvisionKeepsOfMany) {
  const auto expected = golden();
  for (const auto& each : expected.at("large")) {
    SCOPED_TRACE(each.dump());
    const auto s = scene(each.at("seed"), each.at("count"));
    const auto all = nms(s.boxes, s.scores, 0.65);
    const auto classwise = nms(s.boxes, s.scores, s.classes, 0.65, NmsRule::torchvision);
    EXPECT_EQ(all.size(), each.at("kept")[0].get<std::size_t>());
    EXPECT_EQ(checksum(all), each.at("sums")[0].get<std::uint32_t>());
    EXPECT_EQ(classwise.size(), each.at("kept")[1].get<std::size_t>());
    EXPECT_EQ(checksum(classwise), each.at("sums")[1].get<std::uint32_t>());
  }
}

// Moving boxes apart rounds their coordinates: an overlap of exactly the threshold becomes more than that.
TEST(Nms, RulesDifferWhereRoundingDecides) {
  std::size_t different = 0;
  for (std::uint32_t seed = 0; seed < 400; ++seed) {
    auto s = scene(3 * seed + 1, 60);
    for (auto& x : s.boxes) x = x * 0.0123F + 0.1F;
    for (auto& each : s.classes) each *= 30000;
    different += nms(s.boxes, s.scores, s.classes, 0.3) != nms(s.boxes, s.scores, s.classes, 0.3, NmsRule::torchvision);
  }
  EXPECT_GT(different, 0U);
}

TEST(Nms, NothingGivesNothing) {
  EXPECT_TRUE(nms({}, {}, 0.5).empty());
  EXPECT_TRUE(nms({}, {}, {}, 0.5).empty());
  EXPECT_TRUE(nms({}, {}, {}, 0.5, NmsRule::torchvision).empty());
}

TEST(Nms, TheThresholdItselfMayStay) {
  const std::vector<float> boxes = {0, 0, 3, 1, 1, 0, 4, 1};  // they share two of four
  const std::vector<float> scores = {0.5F, 0.75F};
  EXPECT_EQ(nms(boxes, scores, 0.5), (Places{1, 0}));
  EXPECT_EQ(nms(boxes, scores, std::nextafter(0.5, 0.0)), Places{1});  // not a number of fp32
}

TEST(Nms, OfEqualScoresTheEarlierStays) {
  const std::vector<float> boxes = {5, 5, 9, 9, 0, 0, 4, 4, 0, 0, 4, 4, 5, 5, 9, 9};
  const std::vector<float> scores(4, 0.5F);
  EXPECT_EQ(nms(boxes, scores, 0.5), (Places{0, 1}));
  const std::vector<std::int64_t> classes = {0, -7, 1000, 0};
  EXPECT_EQ(nms(boxes, scores, classes, 0.5), (Places{0, 1, 2}));
}

TEST(Nms, WithoutAreaNothingOverlaps) {
  const std::vector<float> boxes = {2, 2, 2, 2, 2, 2, 2, 2, 0, 0, 4, 4};
  EXPECT_EQ(nms(boxes, std::vector<float>{0.1F, 0.2F, 0.3F}, 0.0), (Places{2, 1, 0}));
}

TEST(Nms, WhatIsNoNumberNeverStays) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinite = std::numeric_limits<float>::infinity();
  const std::vector<float> boxes = {0, 0, 4, 4, 0, 0, nan, 4, 0, 0, 4, 4, 0, 0, infinite, 4};
  const std::vector<float> scores = {0.1F, 0.9F, nan, 0.5F};
  const std::vector<std::int64_t> classes(4, 1);
  EXPECT_EQ(nms(boxes, scores, 0.5), (Places{3, 0}));
  EXPECT_EQ(nms(boxes, scores, classes, 0.5), (Places{3, 0}));
  EXPECT_EQ(nms(std::vector<float>(8, nan), std::vector<float>(2, 0.5F), 0.5), Places{});
}

TEST(Nms, RefusesLengthsThatDisagree) {
  const std::vector<float> boxes(8), scores(2);
  const std::vector<std::int64_t> classes(3);
  EXPECT_THROW(nms(std::span(boxes).first(7), scores, 0.5), Error);
  EXPECT_THROW(nms(boxes, scores, classes, 0.5), Error);
}

}  // namespace
}  // namespace vitral
