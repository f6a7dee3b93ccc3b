// Every family learns eight pictures by heart.
#include "apps/registry.h"
#include "tests/train/data.h"
#include "train/trainer.h"

namespace vitral::train {
namespace {

std::shared_ptr<const Registry> registry() {
  static const auto all = apps::make_registry();
  return all;
}

constexpr int kDetectorSide = 96;  // pixels

/// The pictures of another set again and again, so that an epoch has many steps.
class Repeated final : public Dataset {
 public:
  Repeated(std::shared_ptr<const Dataset> set, std::size_t times)
      : Dataset(set->task(), set->classes()), set_(std::move(set)), times_(times) {}
  std::size_t size() const override { return set_->size() * times_; }
  Sample describe(std::size_t index) const override { return set_->describe(index % set_->size()); }
  image::Image picture(std::size_t index) const override { return set_->picture(index % set_->size()); }
  StoredPicture stored(std::size_t index) const override { return set_->stored(index % set_->size()); }

 private:
  std::shared_ptr<const Dataset> set_;
  std::size_t times_;
};

TrainOptions by_heart(Task task, double lr) {
  auto options = recipe("small", task);
  options.epochs = 1;
  options.batch = 8;
  options.ema = 0;
  options.label_smoothing = 0;
  options.groups.weight_decay = 0;
  options.schedule.lr = lr;
  options.warmup_epochs = 0.05;
  options.augment = {};
  options.augment.crop_scale = 1;
  options.augment.flip = false;
  return options;
}

/// The last evaluation, on the pictures themselves; and the loss of a batch of them.
struct Learnt {
  nlohmann::json val;
  double loss = 0;
};

class LastLoss final : public Listener {
 public:
  void stepped(const Step& step) override { loss = step.loss; }
  double loss = 0;
};

Learnt learn(const std::string& name, const std::shared_ptr<const Dataset>& data, std::size_t steps,
             const TrainOptions& options) {
  LoadRequest request;
  request.model = name;
  request.allow_random = true;
  request.storage = weights::Storage::copied;
  request.num_classes = static_cast<std::int64_t>(data->classes().size());
  if (data->task() == Task::detect) request.image_size = {kDetectorSide, kDetectorSide};
  auto model = load_model(*registry(), request);
  if (model.entry->task == Task::detect && model.detector().first_class() > 0) {
    ++*request.num_classes;
    model = load_model(*registry(), request);
  }
  const auto folder = test::fresh_folder(name);
  LastLoss listener;
  Trainer::Setup setup;
  setup.files = {folder};
  Trainer trainer(model, {std::make_shared<Repeated>(data, steps), data}, options, setup, listener);
  EXPECT_EQ(trainer.run([] { return false; }), Outcome::finished);
  const auto last = nlohmann::json::parse(trainer.state().history.back());
  std::filesystem::remove_all(folder);
  return {last["val"], listener.loss};
}

class Classifiers : public testing::TestWithParam<const char*> {};

TEST_P(Classifiers, LearnByHeart) {
  const auto learnt = learn(GetParam(), test::colored_pictures(8, 4, 32), 150, by_heart(Task::classify, 1e-3));
  EXPECT_LT(learnt.loss, 0.05);
  EXPECT_EQ(learnt.val["top1"].get<double>(), 1.0);
}

INSTANTIATE_TEST_SUITE_P(Families, Classifiers,
                         testing::Values("fashion_vit", "fashion_tnt", "fashion_swin", "fashion_resnet"),
                         [](const auto& info) { return std::string(info.param); });

/// One-to-many assignment follows the predictions and takes longer to settle.
struct DetectorRun {
  const char* name;
  std::size_t steps;
};
void PrintTo(const DetectorRun& run, std::ostream* out) {
  *out << run.name;
}

class Detectors : public testing::TestWithParam<DetectorRun> {};

TEST_P(Detectors, LearnByHeart) {
  const auto [name, steps] = GetParam();
  const auto pictures = std::make_shared<test::Rectangles>(8, kDetectorSide);
  const auto learnt = learn(name, pictures, steps, by_heart(Task::detect, 2e-3));
  EXPECT_GT(learnt.val["AP50"].get<double>(), 0.9) << learnt.val;
}

INSTANTIATE_TEST_SUITE_P(Families, Detectors,
                         testing::Values(DetectorRun{"scenes_rtdetr", 150}, DetectorRun{"scenes_fasterrcnn", 150},
                                         DetectorRun{"scenes_yolox", 500}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace vitral::train
