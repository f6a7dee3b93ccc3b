#include "datasets/metrics/classification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "common/core/error.h"

namespace vitral {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Classification, RanksTiesByIndex) {
  const std::vector<float> scores{1, 3, 3, 0, 3};
  EXPECT_EQ(rank_of(scores, 1), 0u);
  EXPECT_EQ(rank_of(scores, 2), 1u);
  EXPECT_EQ(rank_of(scores, 4), 2u);
  EXPECT_EQ(rank_of(scores, 0), 3u);
  EXPECT_EQ(rank_of(scores, 3), 4u);
}

TEST(Classification, CountsTopOneAndFive) {
  ClassificationMetrics metrics(7);
  EXPECT_EQ(metrics.top1(), 0.0);
  const std::vector<float> falling{7, 6, 5, 4, 3, 2, 1};
  for (const std::size_t label : {0u, 0u, 4u, 5u}) metrics.add(falling, label);
  EXPECT_EQ(metrics.images(), 4u);
  EXPECT_EQ(metrics.top1(), 0.5);
  EXPECT_EQ(metrics.top5(), 0.75);
  EXPECT_EQ(metrics.per_class()[0].accuracy(), 1.0);
  EXPECT_EQ(metrics.per_class()[4].images, 1u);
  EXPECT_EQ(metrics.per_class()[4].accuracy(), 0.0);
  EXPECT_THAT(metrics.confusion(), ElementsAre(Pair(Pair(0, 0), 2), Pair(Pair(4, 0), 1), Pair(Pair(5, 0), 1)));
}

TEST(Classification, WithTiesTheLowestIndexIsThePrediction) {
  ClassificationMetrics metrics(6);
  const std::vector<float> equal(6, 0.5f);
  metrics.add(equal, 0);
  metrics.add(equal, 1);
  metrics.add(equal, 5);
  EXPECT_EQ(metrics.top1(), 1.0 / 3);
  EXPECT_EQ(metrics.top5(), 2.0 / 3);
  EXPECT_THAT(metrics.confusion(), ElementsAre(Pair(Pair(0, 0), 1), Pair(Pair(1, 0), 1), Pair(Pair(5, 0), 1)));
}

TEST(Classification, NotANumberIsWrongAndCounted) {
  ClassificationMetrics metrics(2);
  metrics.add(std::vector<float>{1, std::nanf("")}, 0);
  metrics.add(std::vector<float>{std::numeric_limits<float>::infinity(), 0}, 0);
  EXPECT_EQ(metrics.not_a_number(), 1u);
  EXPECT_EQ(metrics.top1(), 0.5);
  EXPECT_EQ(metrics.top5(), 0.5);
}

TEST(Classification, RefusesOtherSizes) {
  EXPECT_THROW(ClassificationMetrics(0), Error);
  ClassificationMetrics metrics(3);
  EXPECT_THROW(metrics.add(std::vector<float>{1, 2}, 0), Error);
  EXPECT_THROW(metrics.add(std::vector<float>{1, 2, 3}, 3), Error);
  EXPECT_EQ(metrics.images(), 0u);
}

}  // namespace
}  // namespace vitral
