// Published weights learn the classes of a small set of real pictures.
#include <ATen/Context.h>

#include "apps/registry.h"
#include "datasets/readers/open.h"
#include "tests/support/source_dir.h"
#include "tests/train/data.h"
#include "train/trainer.h"

namespace vitral::train {
namespace {

const std::filesystem::path kPictures = "/usr/share/datasets/fashion-mnist";
const std::filesystem::path kWeights =
    std::filesystem::path(test::source_dir()) / ".deps/efficientnet-lite0/efficientnet-lite0-57934424.pth";

/// Every `step`-th picture of another set, `count` of them.
class Every final : public Dataset {
 public:
  Every(std::shared_ptr<const Dataset> set, std::size_t step, std::size_t count)
      : Dataset(set->task(), set->classes()), set_(std::move(set)), step_(step), count_(count) {}
  std::size_t size() const override { return count_; }
  Sample describe(std::size_t index) const override { return set_->describe(index * step_); }
  image::Image picture(std::size_t index) const override { return set_->picture(index * step_); }
  StoredPicture stored(std::size_t index) const override { return set_->stored(index * step_); }

 private:
  std::shared_ptr<const Dataset> set_;
  std::size_t step_, count_;
};

/// EfficientNet-Lite0 of ImageNet, three epochs on 640 pictures of clothes.
TEST(FineTuning, OfPublishedWeightsReachesSeventyPercentOnRealPictures) {
  if (!std::filesystem::exists(kPictures) || !std::filesystem::exists(kWeights))
    GTEST_SKIP() << "set-up fetches Fashion-MNIST and the weights of EfficientNet-Lite0";
  const auto open = [](const std::string& split) -> std::shared_ptr<const Dataset> {
    return open_dataset(kPictures, DataFormat::idx, split, {});
  };
  const auto pictures = std::make_shared<Every>(open("train"), 90, 640);
  const auto others = std::make_shared<Every>(open("test"), 20, 500);
  static const auto registry = apps::make_registry();
  LoadRequest request;
  request.model = "efficientnet_lite0";
  request.weights = kWeights.string();
  request.storage = weights::Storage::copied;
  request.num_classes = 10;
  request.image_size = {64, 64};
  auto model = load_model(*registry, request);
  auto options = recipe("finetune", Task::classify);
  options.epochs = 3;
  options.evaluate_every = 3;
  options.schedule.lr = 2e-3;
  options.warmup_epochs = 0.5;
  const auto folder = test::fresh_folder("finetune");
  Listener listener;
  Trainer::Setup setup;
  setup.files = {folder};
  Trainer trainer(model, {pictures, others}, options, setup, listener);
  EXPECT_EQ(trainer.run([] { return false; }), Outcome::finished);
  const auto last = nlohmann::json::parse(trainer.state().history.back());
  std::printf("top-1 %.3f\n", last["val"]["top1"].get<double>());
  EXPECT_GE(last["val"]["top1"].get<double>(), 0.7);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace vitral::train
