#include "detr/set_prediction.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/core/error.h"
#include "tests/support/tensors.h"

namespace vitral::detr {
namespace {

using test::expect_close;
using test::expect_equal;

/// One picture of 100 x 200 pixels, and one whose content is 50 x 80 of them.
PictureBatch two_pictures() {
  PictureBatch batch{at::zeros({2, 3, 100, 200}), at::ones({2, 100, 200}, at::kBool)};
  batch.mask[0].fill_(false);
  batch.mask[1].slice(0, 0, 50).slice(1, 0, 80).fill_(false);
  return batch;
}

SetPrediction three_queries() {
  SetPrediction prediction;
  // [2, 3, 2 classes and "no object"]
  const auto logits = at::tensor({2.0F, 0.0F, 0.0F, 0.0F, 1.0F, 0.0F, 0.0F, 0.0F, 9.0F}).view({1, 3, 3});
  prediction.logits = logits.repeat({2, 1, 1});
  prediction.boxes =
      at::tensor({0.5F, 0.5F, 0.2F, 0.4F, 0.25F, 0.5F, 0.5F, 1.0F, 0.5F, 0.5F, 1.0F, 1.0F}).view({1, 3, 4});
  prediction.boxes = prediction.boxes.repeat({2, 1, 1});
  return prediction;
}

TEST(SoftmaxDetections, AreTheBestClassOfEachQueryInPixelsOfTheContent) {
  DetectOptions options;
  options.min_score = 0.3;
  const auto found = softmax_detections(two_pictures(), three_queries(), options);
  ASSERT_EQ(found.size(), 2U);
  expect_equal(found[0].labels, at::tensor({0, 1}, at::kLong));  // the third query sees nothing
  const double e1 = std::exp(1.0), e2 = std::exp(2.0);
  expect_close(found[0].scores, at::tensor({e2 / (e2 + 2), e1 / (e1 + 2)}, at::kFloat), 1e-6);
  expect_close(found[0].boxes, at::tensor({80.0F, 30.0F, 120.0F, 70.0F, 0.0F, 0.0F, 100.0F, 100.0F}).view({2, 4}),
               1e-5);
  expect_close(found[1].boxes, at::tensor({32.0F, 15.0F, 48.0F, 35.0F, 0.0F, 0.0F, 40.0F, 50.0F}).view({2, 4}), 1e-5);
}

TEST(SoftmaxDetections, KeepToTheScoreAndTheCount) {
  DetectOptions options;
  options.min_score = 0.0;
  EXPECT_EQ(softmax_detections(two_pictures(), three_queries(), options)[0].scores.size(0), 3);
  options.max_detections = 1;
  expect_equal(softmax_detections(two_pictures(), three_queries(), options)[0].labels, at::tensor({0}, at::kLong));
  options.min_score = 0.9;
  EXPECT_EQ(softmax_detections(two_pictures(), three_queries(), options)[0].boxes.sizes(), (at::IntArrayRef{0, 4}));
}

TEST(SigmoidDetections, ArePairsOfQueryAndClass) {
  SetPrediction prediction = three_queries();
  DetectOptions options;
  options.min_score = 0.6;
  const auto found = sigmoid_detections({at::zeros({2, 3, 100, 200}), {}}, prediction, options, 5);
  expect_equal(found[1].labels, at::tensor({2, 0, 1}, at::kLong));
  expect_close(found[1].scores, at::sigmoid(at::tensor({9.0F, 2.0F, 1.0F})), 1e-6);
  expect_close(found[1].boxes[0], at::tensor({0.0F, 0.0F, 200.0F, 100.0F}), 1e-5);
  options.min_score = 0.5;  // six pairs have just that
  EXPECT_EQ(sigmoid_detections({at::zeros({2, 3, 100, 200}), {}}, prediction, options, 5)[0].labels.size(0), 5);
}

TEST(SetPrediction, ComesBackFromItsNames) {
  const auto prediction = three_queries();
  expect_equal(prediction_of(named(prediction)).boxes, prediction.boxes);
  EXPECT_THROW(prediction_of({{"logits", prediction.logits}}), Error);
}

}  // namespace
}  // namespace vitral::detr
