// A run that was stopped goes on to the same bytes.
#include "apps/registry.h"
#include "common/core/error.h"
#include "common/core/file.h"
#include "tests/train/data.h"
#include "train/trainer.h"

namespace vitral::train {
namespace {

namespace fs = std::filesystem;

LoadedModel student(const std::string& name, std::int64_t classes, double drop_path = 0.1) {
  static const auto registry = apps::make_registry();
  LoadRequest request;
  request.model = name;
  request.allow_random = true;
  request.storage = weights::Storage::copied;
  request.num_classes = classes;
  request.drop_path = drop_path;
  request.seed = 3;
  return load_model(*registry, request);
}

TrainOptions two_epochs() {
  auto options = recipe("small", Task::classify);
  options.epochs = 2;
  options.batch = 8;
  options.ema = 0.9;
  options.augment.mixup = 0.2;
  options.seed = 3;
  return options;
}

/// Stops after `steps` calls; 0: never.
class StopAfter {
 public:
  explicit StopAfter(int steps) : left_(steps) {}
  bool operator()() { return left_ > 0 && --left_ == 0; }

 private:
  int left_;
};

Outcome train(const fs::path& folder, const TrainOptions& options, bool resumed, int stop_after) {
  const auto data = test::colored_pictures(40, 4, 32);
  auto model = student("fashion_resnet", 4);
  Listener listener;
  Trainer::Setup setup;
  setup.files = {folder};
  Trainer trainer(model, {data, data}, options, setup, listener);
  if (resumed) trainer.resume();
  trainer.try_largest_batch();
  return trainer.run(StopAfter(stop_after));
}

/// metrics.jsonl without what the clock says.
std::vector<nlohmann::json> metrics(const fs::path& folder) {
  std::ifstream file(RunFiles{folder}.metrics());
  std::vector<nlohmann::json> records;
  for (std::string line; std::getline(file, line);) {
    records.push_back(nlohmann::json::parse(line));
    records.back().erase("seconds");
    records.back().erase("images_per_s");
  }
  return records;
}

void expect_same_run(const fs::path& a, const fs::path& b) {
  for (const auto& file : {RunFiles{a}.last(), RunFiles{a}.best()}) {
    const auto one = read_file(file, ErrorKind::failed, 1u << 30);
    const auto two = read_file(b / file.filename(), ErrorKind::failed, 1u << 30);
    EXPECT_TRUE(one == two) << file;
  }
  EXPECT_EQ(metrics(a), metrics(b));
  const auto one = load_state(RunFiles{a}.state()), two = load_state(RunFiles{b}.state());
  for (const auto& [section, tensors] : one.sections) {
    for (const auto& item : tensors) {
      const auto* other = two.sections.at(section).find(item.key());
      ASSERT_NE(other, nullptr) << section << "/" << item.key();
      EXPECT_TRUE(at::equal(item.value(), *other)) << section << "/" << item.key();
    }
  }
  EXPECT_EQ(one.state.position, two.state.position);
  EXPECT_EQ(one.state.step, two.state.step);
}

TEST(Resume, GoesOnBitForBitFromAnyStep) {
  const auto straight = test::fresh_folder("straight");
  ASSERT_EQ(train(straight, two_epochs(), false, 0), Outcome::finished);
  for (const int steps : {1, 3, 5, 7}) {  // 5 steps are an epoch
    const auto stopped = test::fresh_folder("stopped");
    ASSERT_EQ(train(stopped, two_epochs(), false, steps), Outcome::interrupted);
    ASSERT_EQ(train(stopped, two_epochs(), true, 0), Outcome::finished);
    expect_same_run(straight, stopped);
  }
}

TEST(Resume, GoesOnAfterTheLastStepToMoreEpochs) {
  auto options = two_epochs();
  options.schedule.kind = ScheduleKind::constant;
  const auto straight = test::fresh_folder("straight2"), longer = test::fresh_folder("longer");
  ASSERT_EQ(train(straight, options, false, 0), Outcome::finished);
  auto one = options;
  one.epochs = 1;
  ASSERT_EQ(train(longer, one, false, 0), Outcome::finished);
  ASSERT_EQ(train(longer, options, true, 0), Outcome::finished);
  expect_same_run(straight, longer);
}

TEST(Resume, AnotherNetworksStateIsRefused) {
  const auto folder = test::fresh_folder("foreign");
  ASSERT_EQ(train(folder, two_epochs(), false, 1), Outcome::interrupted);
  auto model = student("fashion_vit", 4);
  Listener listener;
  Trainer::Setup setup;
  setup.files = {folder};
  const auto data = test::colored_pictures(40, 4, 32);
  Trainer trainer(model, {data, nullptr}, two_epochs(), setup, listener);
  EXPECT_THROW(trainer.resume(), Error);
  setup.files = {folder / "nowhere"};
  Trainer second(model, {data, nullptr}, two_epochs(), setup, listener);
  EXPECT_THROW(second.resume(), Error);
}

TEST(Resume, AStateThatWasTamperedWithIsRefused) {
  const auto folder = test::fresh_folder("tampered");
  ASSERT_EQ(train(folder, two_epochs(), false, 6), Outcome::interrupted);
  const auto file = RunFiles{folder}.state();
  const auto good = load_state(file);
  const auto refused = [&](const std::function<void(StoredState&)>& change) {
    auto stored = load_state(file);
    change(stored);
    save_state(file, stored.sections, stored.state);
    EXPECT_THROW(train(folder, two_epochs(), true, 0), Error);
    save_state(file, good.sections, good.state);
  };
  refused([](StoredState& stored) { stored.state.position.batch = 1'000'000'000; });
  refused([](StoredState& stored) { stored.state.step = -1; });
  refused([](StoredState& stored) { stored.state.history[0] = "{"; });
  refused([](StoredState& stored) { stored.state.history[0] = R"({"epoch":0,"step":1,"lr":0,"train":{}})"; });
  refused([](StoredState& stored) { stored.sections["random"]["generator"] = at::zeros({3}, at::kByte); });
  refused([](StoredState& stored) { stored.sections["optimizer"].erase(stored.sections["optimizer"].keys().front()); });
  EXPECT_EQ(train(folder, two_epochs(), true, 0), Outcome::finished);
}

class Warnings final : public Listener {
 public:
  void warning(const std::string& line) override { lines.push_back(line); }
  std::vector<std::string> lines;
};

TEST(BadSteps, AreLeftOutNamedAndStopTheRunInTheEnd) {
  const auto folder = test::fresh_folder("bad");
  const auto data = test::colored_pictures(40, 4, 32);
  auto model = student("fashion_resnet", 4);
  {
    const at::NoGradGuard no_grad;
    model.net->module().parameters().back().fill_(std::numeric_limits<float>::quiet_NaN());
  }
  auto options = two_epochs();
  options.most_bad_steps = 3;
  Warnings warnings;
  Trainer::Setup setup;
  setup.files = {folder};
  Trainer trainer(model, {data, data}, options, setup, warnings);
  EXPECT_THROW(trainer.run([] { return false; }), Error);
  ASSERT_EQ(warnings.lines.size(), 3U);
  EXPECT_NE(warnings.lines[0].find("pictures#"), std::string::npos) << warnings.lines[0];
  EXPECT_EQ(trainer.state().step, 0);
  EXPECT_EQ(trainer.state().meters.bad_steps, 3);
}

TEST(Accumulation, OfHalfBatchesIsTheWholeBatch) {
  // Without norms over the batch and without chance, two halves make the same step as the whole.
  const auto data = test::colored_pictures(16, 4, 32);
  const auto weights_after = [&](std::int64_t batch, std::int64_t accumulate) {
    auto options = recipe("small", Task::classify);
    options.epochs = 2;
    options.batch = batch;
    options.accumulate = accumulate;
    options.ema = 0;
    auto model = student("fashion_vit", 4, 0.0);
    Listener listener;
    Trainer::Setup setup;
    setup.files = {test::fresh_folder("accumulate")};
    Trainer trainer(model, {data, nullptr}, options, setup, listener);
    EXPECT_EQ(trainer.steps_per_epoch(), 2);
    trainer.run([] { return false; });
    return weights::state_dict_of(model.net->module())["head.weight"].clone();
  };
  const auto whole = weights_after(8, 1), halves = weights_after(4, 2);
  EXPECT_LT((whole - halves).abs().max().item<double>(), 1e-5);
}

}  // namespace
}  // namespace vitral::train
