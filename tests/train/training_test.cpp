// Losses of 20 steps against networks of timm and transformers trained by torch, on one batch.
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>

#include "common/nn/onednn.h"
#include "swin/swin.h"
#include "tests/support/hashed.h"
#include "tests/support/source_dir.h"
#include "tests/train/data.h"
#include "tests/train/small_detectors.h"
#include "train/autocast.h"
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
    const auto losses = objective->losses(batch(), 0);
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

/// Remembers how it was asked.
struct Witness final : torch::nn::Module, Classifier {
  torch::nn::Module& module() override { return *this; }
  std::vector<std::string> head_names() const override { return {}; }
  at::Tensor forward_features(const at::Tensor& images) override {
    type = images.scalar_type();
    autocast = at::autocast::is_autocast_enabled(at::kCPU);
    return images;
  }
  at::Tensor pool(const at::Tensor& features) override { return features.flatten(1); }
  at::Tensor forward_head(const at::Tensor& pooled) override { return pooled.narrow(1, 0, kClasses); }
  at::ScalarType type = at::kByte;
  bool autocast = true;
};

/// What a teacher in a training of this precision is asked in.
at::ScalarType asked_in(Amp amp) {
  const auto student = std::make_shared<Witness>(), teacher = std::make_shared<Witness>();
  ModelEntry entry;
  auto model = test::trainable(student, entry, {}, kClasses), judge = test::trainable(teacher, entry, {}, kClasses);
  TrainOptions options;
  options.amp = amp;
  options.distillation = Distillation::soft;
  const auto objective = make_objective(model, options, &judge);
  const Autocast autocast(at::kCPU, amp);
  EXPECT_EQ(objective->losses(batch(), 0).size(), 2U);
  EXPECT_EQ(student->autocast, amp != Amp::off);
  EXPECT_FALSE(teacher->autocast) << "its layers are packed for one precision";
  EXPECT_EQ(student->type, at::kFloat);
  return teacher->type;
}

TEST(Distillation, TheTeacherComputesInThePrecisionOfTheTraining) {
  EXPECT_EQ(asked_in(Amp::off), at::kFloat);
  for (const auto& [amp, type] : {std::pair(Amp::bf16, at::kBFloat16), std::pair(Amp::fp16, at::kHalf)}) {
    EXPECT_EQ(asked_in(amp), nn::onednn::usable(type) ? type : at::kFloat);
  }
}

/// As tests/golden/train_detr.py makes them: 3, 0 and 2 objects.
SampleBatch scenes() {
  constexpr std::int64_t kDetrClasses = 4;
  SampleBatch batch;
  batch.images = test::hashed_pictures(3, 96, 128);
  batch.mask = at::zeros({3, 96, 128}, at::kBool);
  for (const std::int64_t count : {3, 0, 2}) {
    const auto picture = static_cast<std::uint32_t>(batch.objects.size());
    const auto labels = ((test::hashed({count}, 60 + picture) + 0.5) * kDetrClasses).to(at::kLong);
    const auto boxes = at::sigmoid(test::hashed({count, 4}, 50 + picture, 0, 4));
    batch.objects.push_back({labels, boxes, boxes});
  }
  return batch;
}

TEST(Training, TwentyStepsOfDetrAreThoseOfTransformers) {
  std::ifstream file(test::source_dir() + "/tests/golden/train_detr.json");
  const auto golden = nlohmann::json::parse(file);
  auto backbone = test::levels({4});
  backbone.frozen = true;
  const auto net =
      detr::Detr(test::small_detr().backbone(backbone).num_classes(4).queries(8).dim(32).heads(4).hidden(64)).ptr();
  auto names = net->module().named_parameters().keys();
  std::sort(names.begin(), names.end());
  ASSERT_EQ(names, golden.at("parameters").get<std::vector<std::string>>());
  test::fill_hashed(net->module());
  net->module().train();
  ModelEntry entry;
  entry.name = "small_detr";
  entry.task = Task::detect;
  auto model = test::trainable(net, entry, {}, 4);
  TrainOptions options;
  options.groups.backbone_lr = 0.1;
  const auto objective = make_objective(model, options, nullptr);
  Optimizer optimizer(group_parameters(net->module(), options.groups), options.optimizer);
  for (const auto& wanted : golden.at("losses")) {
    at::Tensor total;
    for (const auto& [name, loss] : objective->losses(scenes(), 0)) total = total.defined() ? total + loss : loss;
    EXPECT_NEAR(total.item<double>(), wanted.get<double>(), 1e-5 * wanted.get<double>());
    total.backward();
    clip_gradients(optimizer.parameters(), 0.1);
    optimizer.step(1e-4);
    optimizer.zero_grad();
  }
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
