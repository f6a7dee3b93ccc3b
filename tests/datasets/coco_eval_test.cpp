#include "datasets/metrics/coco_eval.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/core/error.h"
#include "tests/support/source_dir.h"

namespace vitral {
namespace {

using testing::ElementsAre;
using testing::Pair;

/// FNV-1a over the bytes, as the script of the golden numbers does it.
std::string digest(const std::vector<double>& values) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const double value : values) {
    unsigned char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    for (const unsigned char byte : bytes) hash = (hash ^ byte) * 0x100000001B3;
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

CocoInstances one_image(std::vector<CocoAnnotation> annotations) {
  CocoInstances truth;
  truth.images = {{1}, {2}};
  truth.categories = {{3, "cat"}, {5, "dog"}};
  truth.annotations = std::move(annotations);
  return truth;
}

CocoAnnotation object(std::int64_t id, CocoBox box, bool crowd = false) {
  return {id, 1, 3, box, box[2] * box[3], crowd};
}

TEST(CocoEval, EqualsPycocotoolsToTheLastDigit) {
  std::ifstream file(test::source_dir() + "/tests/golden/coco_eval.json");
  const auto cases = nlohmann::json::parse(file);
  ASSERT_EQ(cases.size(), 17u);
  for (const auto& one : cases) {
    const auto truth = parse_coco_instances(one["truth"].dump(), "truth");
    const auto results = parse_coco_results(one["results"].dump(), "results");
    for (const int threads : {1, 3}) {
      const auto evaluation = evaluate_coco(truth, results, threads);
      EXPECT_EQ(evaluation.stats, (one["stats"].get<std::array<double, 12>>()));
      EXPECT_EQ(coco_summary(evaluation), one["lines"].get<std::string>());
      EXPECT_EQ(digest(evaluation.precision), one["precision"].get<std::string>());
      EXPECT_EQ(digest(evaluation.scores), one["scores"].get<std::string>());
      EXPECT_EQ(digest(evaluation.recall), one["recall"].get<std::string>());
    }
  }
}

TEST(CocoEval, ThresholdsAreNumPys) {
  EXPECT_EQ(coco::iou_thresholds()[8], 0.8999999999999999);
  EXPECT_EQ(coco::iou_thresholds()[5], 0.75);
  EXPECT_EQ(coco::iou_thresholds()[9], 0.95);
  EXPECT_EQ(coco_recall_points()[29], 0.29);
  EXPECT_EQ(coco_recall_points()[100], 1.0);
}

TEST(CocoEval, ASinglePerfectDetection) {
  const auto truth = one_image({object(1, {10, 10, 40, 40})});
  const auto evaluation = evaluate_coco(truth, std::vector<CocoResult>{{1, 3, {10, 10, 40, 40}, 0.5}});
  // A single right detection has the precision 1 / (1 + epsilon), by definition.
  const std::array<double, 12> expected{1, 1, 1, -1, 1, -1, 1, 1, 1, -1, 1, -1};
  EXPECT_THAT(evaluation.stats, testing::Pointwise(testing::DoubleEq(), expected));
  EXPECT_EQ(evaluation.images, 2u);
  EXPECT_THAT(evaluation.category_ap, ElementsAre(testing::DoubleEq(1.0), -1.0));
  EXPECT_THAT(evaluation.objects, ElementsAre(1u, 0u));
  EXPECT_FALSE(evaluation.has_id_zero);
  EXPECT_EQ(evaluation.scores[evaluation.at(0, 50, 0, 0, 2)], 0.5);
}

TEST(CocoEval, NoDetectionsAndNoObjects) {
  const auto missed = evaluate_coco(one_image({object(1, {0, 0, 40, 40})}), {});
  EXPECT_THAT(missed.stats, ElementsAre(0, 0, 0, -1, 0, -1, 0, 0, 0, -1, 0, -1));
  const auto nothing = evaluate_coco(one_image({}), std::vector<CocoResult>{{1, 3, {0, 0, 5, 5}, 1}});
  EXPECT_THAT(nothing.stats, testing::Each(-1.0));
  EXPECT_THAT(coco_summary(nothing), testing::HasSubstr("maxDets=100 ] = -1.000\n"));
  EXPECT_THAT(evaluate_coco({}, {}).stats, testing::Each(-1.0));
}

TEST(CocoEval, AnIdOfZeroIsAnObjectLikeAnother) {
  const auto evaluation =
      evaluate_coco(one_image({object(0, {0, 0, 40, 40})}), std::vector<CocoResult>{{1, 3, {0, 0, 40, 40}, 1}});
  EXPECT_DOUBLE_EQ(evaluation.stats[0], 1.0);
  EXPECT_TRUE(evaluation.has_id_zero);
}

TEST(CocoEval, AnAreaOf1024IsSmallAndMedium) {
  const auto evaluation =
      evaluate_coco(one_image({object(1, {0, 0, 32, 32})}), std::vector<CocoResult>{{1, 3, {0, 0, 32, 32}, 1}});
  EXPECT_DOUBLE_EQ(evaluation.stats[3], 1.0);
  EXPECT_DOUBLE_EQ(evaluation.stats[4], 1.0);
  EXPECT_EQ(evaluation.stats[5], -1.0);
}

TEST(CocoEval, NamesUnknownIdsAndLeavesThemOut) {
  const auto evaluation =
      evaluate_coco(one_image({object(1, {0, 0, 40, 40})}), std::vector<CocoResult>{{8, 3, {0, 0, 40, 40}, 1},
                                                                                    {1, 4, {0, 0, 40, 40}, 1},
                                                                                    {8, 4, {0, 0, 40, 40}, 1},
                                                                                    {1, 3, {0, 0, 40, 40}, 0.1}});
  EXPECT_DOUBLE_EQ(evaluation.stats[0], 1.0);
  EXPECT_THAT(evaluation.unknown_images, ElementsAre(Pair(8, 2u)));
  EXPECT_THAT(evaluation.unknown_categories, ElementsAre(Pair(4, 2u)));
}

TEST(CocoEval, RefusesWhatItCantOrder) {
  const auto truth = one_image({object(1, {0, 0, 40, 40})});
  EXPECT_THROW(evaluate_coco(truth, std::vector<CocoResult>{{1, 3, {0, 0, 1, 1}, std::nan("")}}), Error);
  EXPECT_THROW(evaluate_coco(one_image({{1, 99, 3, {}, 0, false}}), {}), Error);
  EXPECT_THROW(evaluate_coco(one_image({{1, 1, 99, {}, 0, false}}), {}), Error);
  CocoInstances many;
  for (std::int64_t id = 0; id <= static_cast<std::int64_t>(coco::kMaxCategories); ++id)
    many.categories.push_back({id, ""});
  EXPECT_THROW(evaluate_coco(many, {}), Error);
}

/// What became of the detections.
std::vector<coco::Outcomes> match(const std::vector<coco::Object>& objects, const std::vector<CocoBox>& detections) {
  std::vector<coco::Outcomes> outcomes(detections.size());
  coco::Matcher().match(objects, detections, outcomes);
  return outcomes;
}

TEST(CocoMatch, OverlapIsOverTheUnionOrOverACrowdsDetection) {
  EXPECT_EQ(coco::overlap({0, 0, 10, 10}, {5, 0, 10, 10}, false), 50.0 / 150.0);
  EXPECT_EQ(coco::overlap({0, 0, 10, 10}, {5, 0, 10, 10}, true), 0.5);
  EXPECT_EQ(coco::overlap({0, 0, 10, 10}, {10, 0, 10, 10}, false), 0.0);
  EXPECT_EQ(coco::overlap({0, 0, 0, 10}, {0, 0, 10, 10}, false), 0.0);
}

TEST(CocoMatch, ACrowdServesManyDetectionsAndIgnoresThem) {
  const auto outcomes = match({{{0, 0, 100, 100}, 10'000, true}}, {{0, 0, 10, 10}, {5, 5, 10, 10}, {200, 0, 9, 9}});
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(outcomes[i][0].matched, 0x3FF);
    EXPECT_EQ(outcomes[i][0].ignored, 0x3FF);
  }
  EXPECT_EQ(outcomes[2][0].matched, 0);
  EXPECT_EQ(outcomes[2][0].ignored, 0);
  EXPECT_EQ(outcomes[2][3].ignored, 0x3FF);  // wrong, but not a large detection
}

TEST(CocoMatch, AnObjectIsFoundOnceAndBeforeACrowd) {
  // The crowd overlaps more (all of the detection), the object is taken nevertheless; the second detection is left the
  // crowd.
  const auto outcomes =
      match({{{0, 0, 100, 100}, 10'000, true}, {{0, 0, 10, 12}, 120, false}}, {{0, 0, 10, 10}, {0, 0, 10, 10}});
  EXPECT_EQ(outcomes[0][0].matched, 0x3FF);
  EXPECT_EQ(outcomes[0][0].ignored, 0x3FF & ~0x7F) << "IoU 0.83 passes the first seven thresholds";
  EXPECT_EQ(outcomes[1][0].ignored, 0x3FF);
}

TEST(CocoMatch, AmongEqualOverlapsTheLaterObjectIsTaken) {
  // Both overlap the first detection by a half; what is left decides whether the second one finds anything.
  const coco::Object left{{0, 0, 10, 10}, 100, false}, right{{10, 0, 10, 10}, 100, false};
  const CocoBox both{0, 0, 20, 10}, only_left{0, 0, 10, 10};
  EXPECT_EQ(match({left, right}, {both, only_left})[1][0].matched, 0x3FF);
  EXPECT_EQ(match({right, left}, {both, only_left})[1][0].matched, 0x3FF & ~1);
}

}  // namespace
}  // namespace vitral
