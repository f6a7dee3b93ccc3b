#include "train/optimizer.h"

#include "common/core/error.h"
#include "tests/support/hashed.h"
#include "tests/train/support.h"
#include "train/options.h"

namespace vitral::train {
namespace {

at::Tensor parameter() {
  return test::hashed({3, 4}, 1).requires_grad_(true);
}

Optimizer optimizer_of(const at::Tensor& parameter, const OptimizerOptions& options) {
  return Optimizer({{{"weight"}, {parameter}, 1.0, 0.05}}, options);
}

void take_step(Optimizer& optimizer, at::Tensor parameter, std::uint32_t step) {
  parameter.mutable_grad() = test::hashed({3, 4}, 10 + step);
  optimizer.step(0.1);
  optimizer.zero_grad();
}

void expect_golden(const std::string& name, const OptimizerOptions& options) {
  const auto& wanted = test::train_golden().at("optimizers").at(name);
  const auto weight = parameter();
  auto optimizer = optimizer_of(weight, options);
  for (std::uint32_t step = 0; step < wanted.size(); ++step) {
    take_step(optimizer, weight, step);
    const auto expected = at::tensor(wanted[step].get<std::vector<double>>(), at::kDouble).view({3, 4});
    EXPECT_LT((weight.detach() - expected).abs().max().item<double>(), 1e-6) << name << " " << step;
  }
}

OptimizerOptions kind(OptimizerKind kind) {
  OptimizerOptions options;
  options.kind = kind;
  return options;
}

TEST(Optimizer, AdamWIsThatOfTorch) {
  expect_golden("adamw", kind(OptimizerKind::adamw));
}

TEST(Optimizer, SgdIsThatOfTorch) {
  expect_golden("sgd", kind(OptimizerKind::sgd));
  auto plain = kind(OptimizerKind::sgd);
  plain.nesterov = false;
  expect_golden("sgd_plain_momentum", plain);
}

TEST(Optimizer, LionIsThatOfTimm) {
  auto options = kind(OptimizerKind::lion);
  options.beta2 = 0.99;
  expect_golden("lion", options);
}

TEST(Optimizer, AStoredStateGoesOnExactly) {
  for (const auto each : {OptimizerKind::adamw, OptimizerKind::sgd, OptimizerKind::lion}) {
    const auto straight = parameter(), stopped = parameter();
    auto one = optimizer_of(straight, kind(each)), two = optimizer_of(stopped, kind(each));
    for (std::uint32_t step = 0; step < 4; ++step) {
      take_step(one, straight, step);
      if (step == 2) {
        auto other = optimizer_of(stopped, kind(each));
        weights::StateDict copy;
        for (const auto& item : two.state()) copy.insert(item.key(), item.value().clone());
        other.load(copy, "state");
        two = std::move(other);
      }
      take_step(two, stopped, step);
    }
    EXPECT_TRUE(at::equal(straight, stopped)) << to_string(each);
  }
}

TEST(Optimizer, AForeignStateIsRefused) {
  auto optimizer = optimizer_of(parameter(), {});
  weights::StateDict state;
  for (const auto& item : optimizer.state())
    state.insert(item.key(), item.value().numel() > 1 ? at::zeros({2}) : item.value());
  EXPECT_THROW(optimizer.load(state, "state"), Error);
  EXPECT_THROW(optimizer.load(weights::StateDict(), "state"), Error);
}

/// What a GPU is asked for, which the CPU's operators understand too.
TEST(Optimizer, AGateDividesGradientsAndLeavesStepsOut) {
  for (const auto each : {OptimizerKind::adamw, OptimizerKind::sgd, OptimizerKind::lion}) {
    const auto plain = parameter(), gated = parameter();
    auto one = optimizer_of(plain, kind(each)), two = optimizer_of(gated, kind(each));
    for (std::uint32_t step = 0; step < 5; ++step) {
      const bool left_out = step == 2;
      const auto gradient = test::hashed({3, 4}, 10 + step);
      plain.mutable_grad() = gradient.clone();
      gated.mutable_grad() = left_out ? at::full({3, 4}, NAN) : gradient * 4;
      if (!left_out) one.step(0.1);
      two.step(0.1, {at::full({}, 4.0), at::full({}, left_out ? 1.0 : 0.0)});
      EXPECT_LT((plain - gated).abs().max().item<double>(), 1e-6) << to_string(each) << " " << step;
    }
  }
}

TEST(GradientNorm, IsThatOfAllGradients) {
  const auto a = parameter(), b = parameter(), without = parameter();
  EXPECT_FALSE(gradient_norm({a, b}).defined());
  a.mutable_grad() = at::full({3, 4}, 3.0);
  b.mutable_grad() = at::full({3, 4}, 4.0);
  EXPECT_NEAR(gradient_norm({a, without, b}).item<double>(), std::sqrt(12 * 25.0), 1e-4);
}

TEST(ClipGradients, ScalesOnlyWhatIsLonger) {
  const auto weight = parameter();
  weight.mutable_grad() = at::full({3, 4}, 2.0);
  const double norm = std::sqrt(48.0);
  EXPECT_NEAR(clip_gradients({weight}, 0), norm, 1e-5);
  EXPECT_NEAR(clip_gradients({weight}, 100), norm, 1e-5);
  EXPECT_EQ(weight.grad()[0][0].item<double>(), 2.0);
  EXPECT_NEAR(clip_gradients({weight}, 1.0), norm, 1e-5);
  EXPECT_NEAR(weight.grad().norm().item<double>(), 1.0, 1e-5);
}

TEST(TrainOptions, GoThroughJsonUnchanged) {
  for (const auto task : {Task::classify, Task::detect}) {
    for (const auto& name : recipe_names(task)) {
      const auto options = recipe(name, task);
      EXPECT_EQ(options.recipe, name);
      EXPECT_EQ(to_json(train_options_from_json(to_json(options), "run.json")), to_json(options)) << name;
    }
  }
  auto json = to_json(TrainOptions());
  json["lr"] = "fast";
  EXPECT_THROW(train_options_from_json(json, "run.json"), Error);
  EXPECT_THROW(recipe("yolox", Task::classify), Error);
}

}  // namespace
}  // namespace vitral::train
