#include "common/nn/constants.h"

#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace vitral::nn {
namespace {

/// Counts how often a value is made.
struct Made {
  Constants constants;
  int count = 0;
  double get(std::vector<std::int64_t> key, at::ScalarType type = at::kFloat) {
    return constants->get(key, at::zeros({1}, type), [&] { return at::full({1}, ++count, type); }).item<double>();
  }
  void prepare(std::function<void(const at::Tensor&)> listener = {}) {
    constants->eval();
    constants->set_inference(std::make_shared<const InferenceOptions>(InferenceOptions{Precision::fp32, {}, listener}));
  }
};

TEST(Constants, AreMadeOnceForEachKeyAndTypeWhenPrepared) {
  const at::NoGradGuard no_grad;
  Made made;
  made.prepare();
  EXPECT_EQ(made.get({0, 2}), 1);
  EXPECT_EQ(made.get({0, 2}), 1);
  EXPECT_EQ(made.get({1, 2}), 2);
  EXPECT_EQ(made.get({0, 3}), 3);
  EXPECT_EQ(made.get({0, 2}, at::kBFloat16), 4);
  EXPECT_EQ(made.get({0, 2}), 1);
}

TEST(Constants, AreMadeAnewWhereWeightsMayChangeOrLayersAreListenedTo) {
  Made made;
  {
    const at::NoGradGuard no_grad;
    EXPECT_EQ(made.get({0}), 1);
    EXPECT_EQ(made.get({0}), 2);
    made.prepare();
    EXPECT_EQ(made.get({0}), 3);
    EXPECT_EQ(made.get({0}), 3);
    made.prepare();  // perhaps after other weights were loaded
    EXPECT_EQ(made.get({0}), 4);
    made.constants->train();
    made.constants->eval();
    EXPECT_EQ(made.get({0}), 5);
    EXPECT_EQ(made.get({0}), 6);
    made.prepare([](const at::Tensor&) {});
    EXPECT_EQ(made.get({0}), 7);
    EXPECT_EQ(made.get({0}), 8);
    made.prepare();
  }
  EXPECT_EQ(made.get({0}), 9);  // gradients are asked for
  EXPECT_EQ(made.get({0}), 10);
}

TEST(Constants, OfACloneAreItsOwn) {
  const at::NoGradGuard no_grad;
  Made made;
  made.prepare();
  EXPECT_EQ(made.get({0}), 1);
  const auto clone = std::dynamic_pointer_cast<ConstantsImpl>(made.constants->clone());
  ASSERT_NE(clone, nullptr);
  EXPECT_EQ(clone->inference(), nullptr);
  EXPECT_EQ(clone->get({0}, at::zeros({1}), [] { return at::full({1}, 7); }).item<double>(), 7);
  EXPECT_EQ(made.get({0}), 1);
}

}  // namespace
}  // namespace vitral::nn
