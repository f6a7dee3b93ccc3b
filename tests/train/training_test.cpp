// Losses of 20 steps against timm networks trained by torch, on one batch.
#include <ATen/core/grad_mode.h>

#include "swin/swin.h"
#include "tests/support/hashed.h"
#include "tests/train/data.h"
#include "train/objective.h"
#include "vit/vit.h"

namespace vitral::train {
namespace {

constexpr std::int64_t kSteps = 20, kClasses = 5;

SampleBatch batch() {
  SampleBatch batch;
  batch.images = test::hashed_pictures(8, 32, 32);
  batch.shares = at::zeros({8, kClasses});
  for (std::int64_t i = 0; i < 8; ++i) {
    batch.shares[i][i % kClasses] += 0.75;
    batch.shares[i][(i + 1) % kClasses] += 0.25;
  }
  return batch;
}

void expect_losses_of_torch(std::shared_ptr<Network> net, const std::string& name) {
  test::fill_hashed(net->module());
  net->module().train();
  ModelEntry entry;
  entry.name = name;
  auto model = test::trainable(net, entry, {}, kClasses);
  TrainOptions options;
  options.label_smoothing = 0.1;
  options.groups.weight_decay = 0.05;
  options.schedule = {
      .kind = ScheduleKind::cosine, .lr = 3e-4, .warmup_lr = 1e-5, .warmup_steps = 4, .total_steps = kSteps};
  const auto objective = make_objective(model, options, nullptr);
  Optimizer optimizer(group_parameters(net->module(), options.groups), options.optimizer);
  const auto& golden = test::train_golden().at("losses").at(name);
  for (std::int64_t step = 0; step < kSteps; ++step) {
    const auto losses = objective->losses(batch());
    ASSERT_EQ(losses.size(), 1U);
    const double wanted = golden[static_cast<std::size_t>(step)].get<double>();
    // What rounding does to a loss grows with every step.
    EXPECT_NEAR(losses[0].second.item<double>(), wanted, 1e-5 * wanted) << name << " step " << step;
    losses[0].second.backward();
    clip_gradients(optimizer.parameters(), 1.0);
    optimizer.step(learning_rate(options.schedule, step));
    optimizer.zero_grad();
  }
}

TEST(Training, TwentyStepsOfVitAreThoseOfTorch) {
  const auto options =
      vit::VisionTransformerOptions().image_height(32).image_width(32).patch(8).dim(32).depth(3).heads(2).num_classes(
          kClasses);
  expect_losses_of_torch(vit::VisionTransformer(options).ptr(), "vit");
}

TEST(Training, TwentyStepsOfSwinAreThoseOfTorch) {
  const auto options = swin::SwinTransformerOptions()
                           .image_height(32)
                           .image_width(32)
                           .patch(2)
                           .dim(16)
                           .depths({2, 2, 2, 1})
                           .heads({1, 2, 2, 4})
                           .windows({4, 4, 4, 4})
                           .num_classes(kClasses);
  expect_losses_of_torch(swin::SwinTransformer(options).ptr(), "swin");
}

TEST(SoftCrossEntropy, WithoutSmoothingIsTheLogarithmOfTheShare) {
  const auto logits = at::tensor({0.0, std::log(3.0)}, at::kFloat).view({1, 2});
  const auto shares = at::tensor({0.0, 1.0}, at::kFloat).view({1, 2});
  EXPECT_NEAR(soft_cross_entropy(logits, shares, 0).item<double>(), -std::log(0.75), 1e-6);
  EXPECT_NEAR(soft_cross_entropy(logits, shares, 0.5).item<double>(), -0.75 * std::log(0.75) - 0.25 * std::log(0.25),
              1e-6);
}

TEST(Distillation, IsThatOfDeit) {
  const auto student = test::hashed({4, kClasses}, 1, 0, 4), teacher = test::hashed({4, kClasses}, 2, 0, 4);
  const auto p = at::softmax(teacher / 3.0, 1);
  const auto by_hand = (p * (p.log() - at::log_softmax(student / 3.0, 1))).sum() * 9.0 / (4 * kClasses);
  EXPECT_NEAR(distillation_loss(student, teacher, Distillation::soft, 3.0).item<double>(), by_hand.item<double>(),
              1e-6);
  const auto chosen = at::log_softmax(student, 1).gather(1, teacher.argmax(1, true)).mean().neg();
  EXPECT_NEAR(distillation_loss(student, teacher, Distillation::hard, 3.0).item<double>(), chosen.item<double>(), 1e-6);
}

}  // namespace
}  // namespace vitral::train
