#include "detr/criterion.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "common/core/error.h"
#include "detr/boxes.h"
#include "detr/match_costs.h"
#include "tests/support/hashed.h"
#include "tests/support/source_dir.h"
#include "tests/support/tensors.h"

namespace vitral::detr {
namespace {

constexpr std::int64_t kPictures = 3, kQueries = 20, kClasses = 6;

/// As tests/golden/detr_criterion.py draws them.
SetPrediction prediction(std::int64_t logits) {
  return {test::hashed({kPictures, kQueries, logits}, 1, 0, 6),
          at::sigmoid(test::hashed({kPictures, kQueries, 4}, 2, 0, 4))};
}

std::vector<Target> targets() {
  std::vector<Target> result;
  for (const std::int64_t count : {3, 0, 7}) {
    const auto picture = static_cast<std::uint32_t>(result.size());
    const auto labels = ((test::hashed({count}, 60 + picture) + 0.5) * kClasses).to(at::kLong);
    result.push_back({labels, at::sigmoid(test::hashed({count, 4}, 50 + picture, 0, 4))});
  }
  return result;
}

const nlohmann::json& golden(const std::string& name) {
  static const nlohmann::json golden = [] {
    std::ifstream file(test::source_dir() + "/tests/golden/detr_criterion.json");
    return nlohmann::json::parse(file);
  }();
  return golden.at(name);
}

at::Tensor numbers(const nlohmann::json& json, at::IntArrayRef shape) {
  return at::tensor(json.get<std::vector<double>>(), at::kDouble).view(shape);
}

void expect_matches(const Matching& matching, const nlohmann::json& expected) {
  ASSERT_EQ(matching.pictures.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    for (const auto& [ours, theirs] : {std::pair{matching.pictures[i].queries, expected[i][0]},
                                       std::pair{matching.pictures[i].targets, expected[i][1]}}) {
      const auto wanted = theirs.get<std::vector<std::int64_t>>();
      EXPECT_EQ(std::vector<std::int64_t>(ours.const_data_ptr<std::int64_t>(),
                                          ours.const_data_ptr<std::int64_t>() + ours.numel()),
                wanted);
    }
  }
}

void expect_golden(const std::string& name, const std::string& class_loss, std::int64_t logits,
                   const CriterionOptions& options) {
  const auto& expected = golden(name);
  auto ours = prediction(logits);
  ours.logits.requires_grad_(true);
  ours.boxes.requires_grad_(true);
  const auto objects = targets();
  expect_matches(match(ours, objects, options.match), expected.at("matches"));
  const auto result = set_criterion(std::span(&ours, 1), objects, options);
  const auto& parts = expected.at("losses");
  EXPECT_NEAR(result.layers[0].classes.item<double>(), parts.at(class_loss).get<double>(), 1e-5);
  EXPECT_NEAR(result.layers[0].boxes.item<double>(), parts.at("loss_bbox").get<double>(), 1e-5);
  EXPECT_NEAR(result.layers[0].giou.item<double>(), parts.at("loss_giou").get<double>(), 1e-5);
  EXPECT_NEAR(result.total.item<double>(), expected.at("total").get<double>(), 1e-4);
  EXPECT_TRUE(result.not_finite.empty());
  result.total.backward();
  const auto gradient = numbers(expected.at("logits_gradient"), {kPictures, kQueries, logits});
  EXPECT_LT((ours.logits.grad() - gradient).abs().max().item<double>(), 1e-5);
  const auto of_boxes = numbers(expected.at("boxes_gradient"), {kPictures, kQueries, 4});
  EXPECT_LT((ours.boxes.grad() - of_boxes).abs().max().item<double>(), 1e-4);
}

TEST(SetCriterion, IsThatOfDetr) {
  expect_golden("cross_entropy", "loss_ce", kClasses + 1, detr_criterion());
}

TEST(SetCriterion, IsThatOfDeformableDetr) {
  expect_golden("focal", "loss_focal", kClasses, deformable_detr_criterion());
}

TEST(SetCriterion, IsThatOfRtDetr) {
  expect_golden("varifocal", "loss_vfl", kClasses, rtdetr_criterion());
}

TEST(SetCriterion, CountsEveryLayer) {
  const auto objects = targets();
  const std::vector<SetPrediction> layers{prediction(7), prediction(7), prediction(7)};
  const auto three = set_criterion(layers, objects, detr_criterion());
  const auto one = set_criterion(std::span(layers).first(1), objects, detr_criterion());
  ASSERT_EQ(three.layers.size(), 3U);
  EXPECT_NEAR(three.total.item<double>(), 3 * one.total.item<double>(), 1e-4);
  const auto halved = set_criterion(std::span(layers).first(1), objects, detr_criterion(), 20);
  EXPECT_NEAR(halved.layers[0].boxes.item<double>(), one.layers[0].boxes.item<double>() / 2, 1e-5);
}

TEST(SetCriterion, ABatchWithoutObjectsHasAFiniteLoss) {
  std::vector<Target> nothing(3, Target{at::zeros({0}, at::kLong), at::zeros({0, 4})});
  for (const auto& options : {detr_criterion(), deformable_detr_criterion(), rtdetr_criterion()}) {
    auto ours = prediction(options.match.softmax ? 7 : 6);
    ours.logits.requires_grad_(true);
    const auto result = set_criterion(std::span(&ours, 1), nothing, options);
    EXPECT_TRUE(std::isfinite(result.total.item<double>()));
    EXPECT_EQ(result.layers[0].boxes.item<double>(), 0);
    result.total.backward();
    EXPECT_GT(ours.logits.grad().abs().sum().item<double>(), 0);
  }
}

TEST(Matcher, AllPicturesAtOnceCostWhatTheyCostOneByOne) {
  const auto objects = targets();
  for (const auto& options : {detr_criterion().match, rtdetr_criterion().match}) {
    const std::vector<SetPrediction> both{prediction(options.softmax ? 7 : 6), prediction(options.softmax ? 7 : 6)};
    const auto together = costs_of_batch(both, objects, options);
    ASSERT_EQ(together.size(), both.size());
    const auto alone = costs_by_picture(both[0], objects, options);
    for (const auto& each : together) {
      for (std::size_t i = 0; i < objects.size(); ++i) {
        const auto count = objects[i].labels.size(0);
        ASSERT_EQ(alone.rows[i], count);
        ASSERT_GE(each.rows[i], count);
        for (std::int64_t k = 0; k < kQueries * count; ++k) {
          const auto padded = k / count * each.rows[i] + k % count;
          EXPECT_NEAR(each.pictures[i][padded], alone.pictures[i][k], 1e-6) << i << " " << k;
        }
      }
    }
  }
  std::vector<Target> wrong = objects;
  wrong[2].labels = wrong[2].labels + 100;
  const auto ours = prediction(7);
  EXPECT_THROW(costs_of_batch(std::span(&ours, 1), wrong, {}), Error);
  const std::vector<Target> nothing(3, Target{at::zeros({0}, at::kLong), at::zeros({0, 4})});
  EXPECT_EQ(costs_of_batch(std::span(&ours, 1), nothing, {})[0].rows, std::vector<std::int64_t>(3, 0));
}

TEST(Matcher, ACostThatIsNoNumberIsToldAndNeverChosenFirst) {
  auto ours = prediction(7);
  ours.boxes[2][4][0] = std::numeric_limits<float>::quiet_NaN();
  const auto matching = match(ours, targets(), {});
  EXPECT_EQ(matching.not_finite, (std::vector<std::int64_t>{2}));
  EXPECT_FALSE(matching.pictures[2].queries.eq(4).any().item<bool>());
  EXPECT_EQ(matching.pictures[2].queries.size(0), 7);
}

TEST(Matcher, MoreObjectsThanQueries) {
  const SetPrediction two{test::hashed({1, 2, 7}, 1), at::sigmoid(test::hashed({1, 2, 4}, 2))};
  const std::vector<Target> many{targets()[2]};
  const auto matching = match(two, many, {});
  EXPECT_EQ(matching.pictures[0].queries.size(0), 2);
  EXPECT_EQ(matching.pictures[0].targets.size(0), 2);
}

TEST(Matcher, RefusesALabelThatIsNoClass) {
  auto objects = targets();
  objects[2].labels[3] = 6;
  EXPECT_THROW(match(prediction(7), objects, {}), Error);
}

TEST(Boxes, GeneralizedIouOfKnownBoxes) {
  const auto a = at::tensor({0.0F, 0.0F, 2.0F, 2.0F}), b = at::tensor({1.0F, 1.0F, 3.0F, 3.0F});
  EXPECT_NEAR(iou_xyxy(a, b).item<double>(), 1.0 / 7, 1e-6);
  EXPECT_NEAR(generalized_iou_xyxy(a, b).item<double>(), 1.0 / 7 - 2.0 / 9, 1e-6);
  const auto point = at::zeros({4});
  EXPECT_EQ(iou_xyxy(point, point).item<double>(), 0);
  EXPECT_TRUE(std::isfinite(generalized_iou_xyxy(point, point).item<double>()));
}

}  // namespace
}  // namespace vitral::detr
