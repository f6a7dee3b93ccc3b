#include "tests/apps/spot_detector.h"

#include <ATen/ATen.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include <chrono>
#include <cstdlib>
#include <thread>

namespace vitral::test {
namespace {

constexpr std::int64_t kClasses = 3;

struct SpotNetImpl : torch::nn::Cloneable<SpotNetImpl> {
  SpotNetImpl() { reset(); }
  void reset() override { gain = register_parameter("gain", at::ones({1})); }
  at::Tensor gain;  // a checkpoint needs something in it
};
TORCH_MODULE(SpotNet);

class SpotDetector : public Detector {
 public:
  torch::nn::Module& module() override { return *net_; }
  std::vector<std::string> head_names() const override { return {}; }

  /// boxes [B, 3, 4] and scores [B, 3]: the bounding box of each channel's pixels above a half that the others do not
  /// have.
  NamedTensors forward(const PictureBatch& batch) override {
    // A network that takes its time: the milliseconds of VITRAL_SPOT_MS.
    if (const char* const pause = std::getenv("VITRAL_SPOT_MS"))
      std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(pause)));
    const auto images = batch.images * net_->gain;
    auto boxes = at::zeros({images.size(0), kClasses, 4}), scores = at::zeros({images.size(0), kClasses});
    for (std::int64_t b = 0; b < images.size(0); ++b) {
      for (std::int64_t c = 0; c < kClasses; ++c) {
        const auto own = images[b][c], others = images[b].sum(0) - own;
        auto spot = (own > 0.5).logical_and(others < 0.25);
        if (batch.mask.defined()) spot = spot.logical_and(batch.mask[b].logical_not());
        const auto places = spot.nonzero();
        if (places.size(0) == 0) continue;
        const auto least = std::get<0>(places.min(0)), most = std::get<0>(places.max(0)) + 1;
        boxes[b][c] = at::stack({least[1], least[0], most[1], most[0]}).to(at::kFloat);
        scores[b][c] = own.masked_select(spot).max();
      }
    }
    return {{"boxes", boxes}, {"scores", scores}};
  }

  std::vector<Detections> detections(const PictureBatch& batch, const NamedTensors& raw,
                                     const DetectOptions& options) const override {
    std::vector<Detections> all;
    for (std::int64_t b = 0; b < batch.images.size(0); ++b) {
      const auto scores = raw[1].second[b];
      auto order = scores.argsort(0, true);
      order = order.index_select(0, (scores.index_select(0, order) > 0)
                                        .logical_and(scores.index_select(0, order) >= options.min_score)
                                        .nonzero()
                                        .squeeze(1));
      order = order.slice(0, 0, options.max_detections);
      all.push_back({raw[0].second[b].index_select(0, order), scores.index_select(0, order), order});
    }
    return all;
  }

 private:
  SpotNet net_;
};

}  // namespace

void register_spot_detector(Registry& registry) {
  ModelEntry entry;
  entry.name = "spot_detector";
  entry.task = Task::detect;
  entry.family = "test";
  entry.paper = "none";
  Pretrained published;
  published.tag = "test";
  published.origin = "timm";
  published.licence = "Apache-2.0";
  published.num_classes = kClasses;
  published.preprocess = detr_preprocess();
  published.preprocess.interpolation = Interpolation::nearest;
  published.preprocess.resize = 200;
  published.preprocess.longest = 1000;
  published.preprocess.mean = {0, 0, 0};
  published.preprocess.std = {1, 1, 1};
  entry.pretrained = {published};
  entry.build = [](const BuildOptions&) -> std::shared_ptr<Network> { return std::make_shared<SpotDetector>(); };
  registry.add(std::move(entry));
}

}  // namespace vitral::test
