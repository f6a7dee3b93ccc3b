// What holds for every detector of this family, asked of small ones.
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "cnn/register.h"
#include "common/core/error.h"
#include "common/core/labels.h"
#include "common/nn/init.h"
#include "common/runtime/prepare.h"
#include "common/weights/checkpoint.h"
#include "tests/cnn/detectors.h"

namespace vitral::cnn {
namespace {

struct Net {
  std::string name;
  std::function<std::shared_ptr<Detector>()> build;
};

std::vector<Net> nets() {
  using Built = std::shared_ptr<Detector>;
  return {{"yolox", []() -> Built { return Yolox(test::tiny_yolox(false)).ptr(); }},
          {"yolox_depthwise", []() -> Built { return Yolox(test::tiny_yolox(true)).ptr(); }},
          {"faster_rcnn", []() -> Built { return FasterRcnn(test::tiny_faster_rcnn(false)).ptr(); }},
          {"faster_rcnn_v2", []() -> Built { return FasterRcnn(test::tiny_faster_rcnn(true)).ptr(); }}};
}

class SmallDetector : public testing::TestWithParam<Net> {
 protected:
  static std::shared_ptr<Detector> make() {
    auto net = GetParam().build();
    test::fill_hashed_detector(net->module());
    net->module().eval();
    return net;
  }
  /// Everything that the network calls found, more or less likely.
  static std::vector<Detections> all(Detector& net, const PictureBatch& batch) {
    return net.detections(batch, net.forward(batch), {0.0, 100000, {}});
  }
  static void expect_same(const std::vector<Detections>& found, const std::vector<Detections>& expected,
                          double tolerance) {
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i)
      test::expect_same_set(found[i], expected[i], 100 * tolerance, tolerance);
  }
  const at::NoGradGuard no_grad;
  PictureBatch batch{test::hashed_pictures(3, 64, 96), {}};
};

TEST_P(SmallDetector, FindsBoxesOfTheClasses) {
  const auto net = make();
  const auto raw = net->forward(batch);
  ASSERT_EQ(raw.size(), 4U);
  const char* names[] = {"boxes", "scores", "labels", "image_index"};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(raw[i].first, names[i]);
  EXPECT_EQ(raw[0].second.scalar_type(), at::kFloat);
  EXPECT_EQ(raw[2].second.scalar_type(), at::kLong);
  EXPECT_EQ(raw[3].second.scalar_type(), at::kLong);
  const auto found = all(*net, batch);
  ASSERT_EQ(found.size(), 3U);
  for (const auto& each : found) {
    EXPECT_GT(each.labels.size(0), 3);
    EXPECT_TRUE(at::isfinite(each.boxes).all().item<bool>());
    EXPECT_TRUE(((each.labels >= 0) & (each.labels < 5)).all().item<bool>());
    EXPECT_TRUE(((each.scores >= 0.01) & (each.scores <= 1)).all().item<bool>());
    EXPECT_TRUE((each.boxes.narrow(1, 2, 2) >= each.boxes.narrow(1, 0, 2)).all().item<bool>());
    test::expect_best_first(each);
  }
}

TEST_P(SmallDetector, OptionsAreHonoured) {
  const auto net = make();
  const auto found = all(*net, batch)[0];
  const double median = found.scores[found.scores.size(0) / 2].item<double>();
  const auto some = net->detect(batch, {median, 100000, {}})[0];
  EXPECT_EQ(some.scores.size(0), found.scores.ge(median).sum().item<std::int64_t>());
  const auto two = net->detect(batch, {0.0, 2, {}})[0];
  test::expect_equal(two.scores, found.scores.narrow(0, 0, 2));
  const auto none_overlap = net->detect(batch, {0.0, 100000, 0.0})[0];
  const auto all_overlap = net->detect(batch, {0.0, 100000, 1.0})[0];
  EXPECT_LT(none_overlap.scores.size(0), all_overlap.scores.size(0));
}

TEST_P(SmallDetector, ABatchEqualsItsPictures) {
  const auto net = make();
  for (const bool prepared : {false, true}) {
    if (prepared) prepare_for_inference(net->module(), nn::Precision::fp32);
    const auto together = all(*net, batch);
    for (std::int64_t i = 0; i < 3; ++i) {
      const auto alone = all(*net, {batch.images.narrow(0, i, 1), {}});
      expect_same(alone, {together[static_cast<std::size_t>(i)]}, 1e-4);
    }
  }
}

TEST_P(SmallDetector, PreparedFindsTheSame) {
  const auto net = make();
  const auto plain = all(*net, batch);
  prepare_for_inference(net->module(), nn::Precision::fp32);
  expect_same(all(*net, batch), plain, 1e-4);
  prepare_for_inference(net->module(), nn::Precision::bf16);
  for (const auto& each : all(*net, batch)) EXPECT_TRUE(at::isfinite(each.boxes).all().item<bool>());
}

TEST_P(SmallDetector, CloneIsEqualAndSeparate) {
  const auto net = make();
  const auto before = all(*net, batch);
  const auto copy = net->module().clone();
  const auto clone = std::dynamic_pointer_cast<Detector>(copy);
  ASSERT_NE(clone, nullptr);
  copy->eval();
  expect_same(all(*clone, batch), before, 1e-7);
  prepare_for_inference(*copy, nn::Precision::fp32);  // the clone folds its own norms
  expect_same(all(*clone, batch), before, 1e-4);
  for (auto& each : copy->parameters()) each.zero_();
  expect_same(all(*net, batch), before, 1e-7);
}

TEST_P(SmallDetector, SavedAndLoadedIsEqual) {
  const auto net = make();
  const auto path =
      std::filesystem::temp_directory_path() / ("vitral_detector_" + std::to_string(::getpid()) + ".safetensors");
  weights::save(path, weights::state_dict_of(net->module()), {}, true);
  const auto other = GetParam().build();
  const auto report =
      weights::load_into(other->module(), weights::to_state_dict(weights::open(path), weights::Storage::copied));
  std::filesystem::remove(path);
  EXPECT_TRUE(report.is_complete());
  other->module().eval();
  expect_same(all(*other, batch), all(*net, batch), 1e-7);
}

INSTANTIATE_TEST_SUITE_P(Cnn, SmallDetector, testing::ValuesIn(nets()),
                         [](const auto& info) { return info.param.name; });

void expect_gradients(torch::nn::Module& net) {
  for (const auto& parameter : net.named_parameters()) {
    ASSERT_TRUE(parameter.value().grad().defined()) << parameter.key();
    EXPECT_GT(parameter.value().grad().abs().sum().item<double>(), 0) << parameter.key();
  }
}

TEST(Yolox, EveryParameterGetsAGradient) {
  for (const bool depthwise : {false, true}) {
    Yolox net(test::tiny_yolox(depthwise));
    test::fill_hashed_detector(*net);
    net->train();
    net->decode(net->forward_head(test::hashed_pictures(2, 64, 64))).square().sum().backward();
    expect_gradients(*net);
  }
}

TEST(FasterRcnn, EveryParameterGetsAGradient) {
  for (const bool second : {false, true}) {
    FasterRcnn net(test::tiny_faster_rcnn(second));
    test::fill_hashed_detector(*net);
    net->train();
    const auto maps = net->backbone->forward(test::hashed_pictures(2, 64, 64));
    const auto anchors = net->rpn->head->forward(maps);
    const auto regions = std::vector<at::Tensor>(
        2, at::tensor({4.0F, 6.0F, 30.0F, 50.0F, 0.0F, 0.0F, 64.0F, 64.0F, 1.0F, 1.0F, 9.0F, 7.0F}).view({3, 4}));
    const auto found = net->roi_heads->forward(maps, regions, {{64, 64}, {64, 64}});
    (anchors.logits.square().sum() + anchors.codes.square().sum() + found.logits.square().sum() +
     found.codes.square().sum())
        .backward();
    expect_gradients(*net);
  }
}

TEST(Yolox, TrainsAfterAnEvaluation) {
  Yolox net(test::tiny_yolox(false));
  const auto images = test::hashed_pictures(1, 64, 64);
  {
    const c10::InferenceMode inference;
    net->eval();
    net->forward({images, {}});  // leaves the grid of this size behind
  }
  net->train();
  EXPECT_NO_THROW(net->decode(net->forward_head(images)).sum().backward());
}

// In inference the stem is one convolution of the picture instead of one of its parts.
TEST(Yolox, StemIsOneConvolutionInInference) {
  const at::NoGradGuard no_grad;
  Focus stem(24);
  test::fill_hashed_detector(*stem);
  stem->eval();
  const auto images = test::hashed_pictures(2, 34, 50);
  const auto plain = stem->forward(images);
  prepare_for_inference(*stem, nn::Precision::fp32);
  test::expect_close(stem->forward(images), plain, 1e-5);
  test::expect_close(stem->forward(images.contiguous(at::MemoryFormat::ChannelsLast)), plain, 1e-5);
  stem->train();
  stem->eval();
  for (auto& parameter : stem->parameters()) parameter.mul_(1.5);
  const auto changed = stem->forward(images);
  prepare_for_inference(*stem, nn::Precision::fp32);
  test::expect_close(stem->forward(images), changed, 1e-5);
  EXPECT_GT(test::relative_error(changed, plain), 0.1);
}

TEST(Yolox, TakesMultiplesOf32) {
  Yolox net(test::tiny_yolox(false));
  net->eval();
  EXPECT_THROW(net->forward({at::zeros({1, 3, 64, 70}), {}}), Error);
}

// A picture in which nothing is found is a picture with nothing found.
TEST(FasterRcnn, MayFindNothing) {
  const at::NoGradGuard no_grad;
  FasterRcnn net(test::tiny_faster_rcnn(false));
  test::fill_hashed_detector(*net);
  net->roi_heads->box_predictor->cls_score->bias[0].fill_(1000);
  net->eval();
  const auto found = net->detect({test::hashed_pictures(2, 64, 64), {}}, {});
  ASSERT_EQ(found.size(), 2U);
  for (const auto& each : found) EXPECT_EQ(each.boxes.sizes(), (std::vector<std::int64_t>{0, 4}));
}

TEST(CnnDetectors, AreRegisteredAsPublished) {
  Registry registry;
  register_cnn_detectors(registry);
  EXPECT_EQ(registry.entries().size(), 8U);
  const nn::SkipInit no_random_numbers;
  for (const auto& entry : registry.entries()) {
    SCOPED_TRACE(entry->name);
    EXPECT_EQ(entry->task, Task::detect);
    const auto net = entry->build_detector({});
    std::int64_t count = 0;
    for (const auto& parameter : net->module().parameters()) count += parameter.numel();
    EXPECT_EQ(count, entry->params);  // torchvision's own record and Megvii's modules, counted
    const auto& file = entry->pretrained.front();
    EXPECT_TRUE(file.url.starts_with("https://"));
    EXPECT_GT(file.ap, 25);
    EXPECT_FALSE(file.licence.empty());
    ASSERT_NE(labels(entry->labels), nullptr);
    EXPECT_EQ(static_cast<std::int64_t>(labels(entry->labels)->size()), file.num_classes);
    const auto names = weights::names_of(weights::state_dict_of(net->module()));
    for (const auto& head : net->head_names()) {
      EXPECT_EQ(std::count(names.begin(), names.end(), head + ".weight"), 1) << head;
    }
    BuildOptions other;
    other.num_classes = 7;
    EXPECT_NO_THROW(entry->build_detector(other));
    other.in_chans = 1;
    EXPECT_THROW(entry->build_detector(other), Error);
  }
}

}  // namespace
}  // namespace vitral::cnn
