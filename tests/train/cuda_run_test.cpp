// Whole runs on a GPU: the loop with its batches made ahead.
#include "tests/runtime/cuda_support.h"
#include "tests/train/data.h"
#include "tests/train/small_detectors.h"
#include "train/trainer.h"

namespace vitral::train {
namespace {

using RunOnCuda = test::NeedsGpu<testing::Test>;

TrainOptions two_epochs(Task task) {
  auto options = recipe("small", task);
  options.epochs = 2;
  options.batch = 4;
  options.accumulate = 2;
  options.ema = 0.9;
  options.optimizer.kind = OptimizerKind::sgd;
  options.schedule.lr = 0.01;
  return options;
}

struct Run {
  weights::StateDict weights;
  nlohmann::json last;  // record of an epoch
};

Run run(const std::shared_ptr<Network>& net, const ModelEntry& entry, const Preprocess& spec,
        const std::shared_ptr<const Dataset>& data, const TrainOptions& options, const at::Device& device,
        int stop_after = 0) {
  auto model = test::trainable(net, entry, spec, static_cast<std::int64_t>(data->classes().size()));
  const auto folder = test::fresh_folder("cuda_run");
  Listener listener;
  Trainer::Setup setup;
  setup.device = device;
  setup.files = {folder};
  {
    Trainer trainer(model, {data, data}, options, setup, listener);
    trainer.try_largest_batch();
    int left = stop_after;
    trainer.run([&left] { return left > 0 && --left == 0; });
  }
  if (stop_after > 0) {
    Trainer trainer(model, {data, data}, options, setup, listener);
    trainer.resume();
    EXPECT_EQ(trainer.run([] { return false; }), Outcome::finished);
  }
  Run result;
  for (const auto& item : weights::state_dict_of(net->module())) {
    result.weights.insert(item.key(), item.value().detach().cpu().clone());
  }
  std::ifstream file(setup.files.metrics());
  for (std::string line; std::getline(file, line);) result.last = nlohmann::json::parse(line);
  std::filesystem::remove_all(folder);
  return result;
}

std::shared_ptr<Network> classifier() {
  at::manual_seed(5);  // the same weights each time
  BuildOptions options;
  options.num_classes = 4;
  options.image_size = {32, 32};
  return test::entry_of("fashion_vit").build(options);
}

/// `bound`: of the furthest that a weight has gone from `start`.
void expect_close(const Run& there, const Run& here, const std::shared_ptr<Network>& start, double bound) {
  std::vector<at::Tensor> ours, theirs, before;
  for (const auto& item : weights::state_dict_of(start->module())) {
    if (!item.value().is_floating_point()) continue;
    before.push_back(item.value());
    ours.push_back(there.weights[item.key()]);
    theirs.push_back(here.weights[item.key()]);
  }
  test::expect_same_way(ours, theirs, before, bound);
  EXPECT_NEAR(there.last["train"]["loss"].get<double>(), here.last["train"]["loss"].get<double>(), bound);
}

TEST_F(RunOnCuda, OfAClassifierComesToTheWeightsOfTheCpu) {
  const test::ExactFloats exact;
  const auto& entry = test::entry_of("fashion_vit");
  const auto data = test::colored_pictures(24, 4, 32);
  const auto options = two_epochs(Task::classify);
  const auto here = run(classifier(), entry, entry.preprocess(), data, options, at::kCPU);
  expect_close(run(classifier(), entry, entry.preprocess(), data, options, device), here, classifier(), 1e-2);
}

TEST_F(RunOnCuda, OfADetectorComesToTheWeightsOfTheCpu) {
  const test::ExactFloats exact;
  ModelEntry entry;
  entry.name = "small_deformable_detr";
  entry.task = Task::detect;
  const auto data = std::make_shared<test::Rectangles>(24, 96);
  const auto build = [] {
    at::manual_seed(5);
    auto backbone = test::levels({2, 3, 4});
    backbone.frozen = true;
    return detr::DeformableDetr(test::small_deformable_detr().backbone(backbone)).ptr();
  };
  auto options = two_epochs(Task::detect);
  options.clip = 0.1;
  const auto here = run(build(), entry, rtdetr_preprocess(96), data, options, at::kCPU);
  expect_close(run(build(), entry, rtdetr_preprocess(96), data, options, device), here, build(), 1e-2);
}

TEST_F(RunOnCuda, InHalfPrecisionLearnsAndGoesOnAfterAStop) {
  const auto& entry = test::entry_of("fashion_vit");
  const auto data = test::colored_pictures(24, 4, 32);
  for (const auto amp : {Amp::bf16, Amp::fp16}) {
    auto options = two_epochs(Task::classify);
    options.amp = amp;
    options.epochs = 20;
    options.optimizer.kind = OptimizerKind::adamw;
    options.schedule.lr = 1e-3;
    const auto result = run(classifier(), entry, entry.preprocess(), data, options, device, /*stop_after=*/7);
    EXPECT_LT(result.last["train"]["loss"].get<double>(), 0.5) << to_string(amp);
    EXPECT_EQ(result.last["epoch"].get<int>(), 19) << to_string(amp);
  }
}

TEST_F(RunOnCuda, CheckpointingChangesNoLoss) {
  const auto& entry = test::entry_of("fashion_vit");
  const auto data = test::colored_pictures(24, 4, 32);
  auto options = two_epochs(Task::classify);
  const auto plain = run(classifier(), entry, entry.preprocess(), data, options, device);
  options.checkpointing = true;
  expect_close(run(classifier(), entry, entry.preprocess(), data, options, device), plain, classifier(), 1e-3);
}

TEST_F(RunOnCuda, WhatDoesNotFitIsToldInOneLine) {
  const auto& entry = test::entry_of("fashion_vit");
  const auto data = test::colored_pictures(24, 4, 32);
  auto options = two_epochs(Task::classify);
  options.batch = 24;
  auto model = test::trainable(classifier(), entry, entry.preprocess(), 4);
  model.record.preprocess.height = model.record.preprocess.width = 1 << 17;  // 4.5 TiB a batch
  Listener listener;
  Trainer::Setup setup;
  setup.device = device;
  setup.files = {test::fresh_folder("cuda_memory")};
  try {
    Trainer(model, {data, nullptr}, options, setup, listener).try_largest_batch();
    FAIL() << "it fits";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_NE(std::string(error.what()).find("fashion_vit: a batch of 24"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace vitral::train
