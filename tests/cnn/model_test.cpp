// What holds for every network of this family, asked of small ones.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "common/core/error.h"
#include "common/runtime/prepare.h"
#include "common/weights/checkpoint.h"
#include "tests/cnn/support.h"

namespace vitral::cnn {
namespace {

struct Net {
  std::string name;
  std::function<std::shared_ptr<Classifier>(const BuildOptions&)> build;
};

template <class Holder, class Options>
Net net_of(std::string name, Options options) {
  return {std::move(name), [options](const BuildOptions& build) -> std::shared_ptr<Classifier> {
            auto wanted = options;
            if (build.num_classes) wanted.num_classes(*build.num_classes);
            return Holder(wanted.drop_path(build.drop_path).dropout(build.dropout)).ptr();
          }};
}

std::vector<Net> nets() {
  return {net_of<ResNet>("basic", test::tiny_resnet(BlockKind::basic)),
          net_of<ResNet>("bottleneck", test::tiny_resnet(BlockKind::bottleneck)),
          net_of<ResNet>("basic_d", test::tiny_resnet(BlockKind::basic).deep(true)),
          net_of<ResNet>("bottleneck_d", test::tiny_resnet(BlockKind::bottleneck).deep(true)),
          net_of<ResNet>("dilated", test::tiny_resnet(BlockKind::bottleneck).dilate_last(true)),
          net_of<ResNet>("frozen", test::tiny_resnet(BlockKind::bottleneck).norm(nn::NormKind::frozen).norm_eps(0)),
          net_of<EfficientNetLite>("lite", test::tiny_lite(false)),
          net_of<EfficientNetLite>("lite_tensorflow", test::tiny_lite(true))};
}

class Model : public testing::TestWithParam<Net> {
 protected:
  static std::shared_ptr<Classifier> make(const BuildOptions& options = {}) {
    auto net = GetParam().build(options);
    test::fill_hashed_conv(net->module());
    net->module().eval();
    return net;
  }
  at::Tensor images = test::hashed_pictures(4, 64, 64);
};

TEST_P(Model, GivesFiniteLogitsOfTheClasses) {
  const auto logits = make()->forward(images);
  EXPECT_EQ(logits.sizes(), (std::vector<std::int64_t>{4, 5}));
  EXPECT_TRUE(at::isfinite(logits).all().item<bool>());
  EXPECT_GT(logits.std().item<double>(), 1e-3);
}

TEST_P(Model, WithoutHeadGivesPooledFeatures) {
  BuildOptions options;
  options.num_classes = 0;
  const auto net = make(options);
  const auto pooled = net->pool(net->forward_features(images));
  EXPECT_EQ(pooled.dim(), 2);
  test::expect_equal(net->forward(images), pooled);
  const auto names = weights::names_of(weights::state_dict_of(net->module()));
  for (const auto& head : net->head_names()) {
    EXPECT_EQ(std::count(names.begin(), names.end(), head + ".weight"), 0);
  }
}

TEST_P(Model, EveryParameterGetsAGradient) {
  const auto net = make();
  net->module().train();
  net->forward(images).square().sum().backward();
  for (const auto& parameter : net->module().named_parameters()) {
    ASSERT_TRUE(parameter.value().grad().defined()) << parameter.key();
    EXPECT_GT(parameter.value().grad().abs().sum().item<double>(), 0) << parameter.key();
  }
}

TEST_P(Model, TrainsWithDropPathAndDropout) {
  BuildOptions options;
  options.drop_path = 0.5;
  options.dropout = 0.1;
  const auto net = make(options);
  net->module().train();
  at::manual_seed(1);
  const auto first = net->forward(images), second = net->forward(images);
  EXPECT_FALSE(at::equal(first, second));
  const auto other = make(options);  // training moved the statistics of the first
  test::expect_equal(other->forward(images), make()->forward(images));
}

TEST_P(Model, CloneIsEqualAndSeparate) {
  const auto net = make();
  const at::NoGradGuard no_grad;
  const auto before = net->forward(images);
  const auto copy = net->module().clone();
  const auto clone = std::dynamic_pointer_cast<Classifier>(copy);
  ASSERT_NE(clone, nullptr);
  copy->eval();
  test::expect_equal(clone->forward(images), before);
  prepare_for_inference(*copy, nn::Precision::fp32);  // the clone folds its own norms
  test::expect_close(clone->forward(images), before, 1e-5);
  for (auto& each : copy->parameters()) each.zero_();
  test::expect_equal(net->forward(images), before);
}

TEST_P(Model, SavedAndLoadedIsEqual) {
  const auto net = make();
  const at::NoGradGuard no_grad;
  const auto path =
      std::filesystem::temp_directory_path() / ("vitral_cnn_" + std::to_string(::getpid()) + ".safetensors");
  weights::save(path, weights::state_dict_of(net->module()), {}, true);
  const auto other = GetParam().build({});
  const auto checkpoint = weights::open(path);
  const auto report = weights::load_into(other->module(), weights::to_state_dict(checkpoint, weights::Storage::copied));
  std::filesystem::remove(path);
  EXPECT_TRUE(report.is_complete());
  other->module().eval();
  test::expect_equal(other->forward(images), net->forward(images));
}

TEST_P(Model, ABatchEqualsItsPictures) {
  const auto net = make();
  const at::NoGradGuard no_grad;
  for (const bool prepared : {false, true}) {
    if (prepared) prepare_for_inference(net->module(), nn::Precision::fp32);
    const auto all = net->forward(images);
    for (std::int64_t i = 0; i < 4; ++i)
      test::expect_close(net->forward(images.narrow(0, i, 1)), all.narrow(0, i, 1), 1e-5);
  }
}

TEST_P(Model, PreparedComputesTheSame) {
  const at::NoGradGuard no_grad;
  for (const auto& [height, width] : {std::pair{64, 64}, {71, 45}, {33, 130}}) {
    SCOPED_TRACE(std::to_string(height) + "x" + std::to_string(width));
    const auto pictures = test::hashed_pictures(2, height, width);
    const auto net = make();
    const auto plain = net->forward(pictures);
    for (const auto& [precision, tolerance] : {std::pair{nn::Precision::fp32, 1e-4}, {nn::Precision::bf16, 2e-2}}) {
      prepare_for_inference(net->module(), precision);
      const auto first = net->forward(pictures);
      EXPECT_EQ(first.scalar_type(), nn::scalar_type(precision));
      test::expect_close(first.to(at::kFloat), plain, tolerance);
      test::expect_equal(net->forward(pictures), first);
    }
  }
}

TEST_P(Model, TrainingAgainTakesTheNewWeights) {
  const auto net = make();
  const at::NoGradGuard no_grad;
  prepare_for_inference(net->module(), nn::Precision::fp32);
  const auto before = net->forward(images);
  net->module().train();
  for (auto& parameter : net->module().parameters()) parameter.mul_(1.1);
  prepare_for_inference(net->module(), nn::Precision::fp32);
  const auto after = net->forward(images);
  EXPECT_GT(test::relative_error(after, before), 1e-3);
  const auto fresh = make();
  for (auto& parameter : fresh->module().parameters()) parameter.mul_(1.1);
  test::expect_close(after, fresh->forward(images), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Cnn, Model, testing::ValuesIn(nets()), [](const auto& info) { return info.param.name; });

TEST(ResNetBackbone, GivesTheLevelsThatWereAskedFor) {
  const at::NoGradGuard no_grad;
  const auto options =
      test::tiny_resnet(BlockKind::bottleneck).norm(nn::NormKind::frozen).num_classes(0).levels({2, 3, 4});
  ResNet net(options);
  test::fill_hashed_conv(*net);
  net->eval();
  EXPECT_EQ(net->channels(), (std::vector<std::int64_t>{64, 128, 256}));
  EXPECT_EQ(net->strides(), (std::vector<std::int64_t>{8, 16, 32}));
  EXPECT_TRUE(net->parameters().size() > 0);
  const auto images = test::hashed_pictures(1, 70, 100);
  const auto plain = net->forward_maps(images);
  ASSERT_EQ(plain.size(), 3U);
  EXPECT_EQ(plain[0].sizes(), (std::vector<std::int64_t>{1, 64, 9, 13}));
  EXPECT_EQ(plain[2].sizes(), (std::vector<std::int64_t>{1, 256, 3, 4}));
  test::expect_equal(plain[2], net->forward_features(images));
  // The network goes on from maps that it hands out: nothing may be written over them.
  prepare_for_inference(*net, nn::Precision::fp32);
  const auto prepared = net->forward_maps(images);
  for (std::size_t i = 0; i < 3; ++i) test::expect_close(prepared[i], plain[i], 1e-4);
}

TEST(ResNetBackbone, DilatedKeepsTheResolutionOfTheStageBefore) {
  ResNet net(test::tiny_resnet(BlockKind::bottleneck).dilate_last(true).levels({3, 4}));
  EXPECT_EQ(net->strides(), (std::vector<std::int64_t>{16, 16}));
  const at::NoGradGuard no_grad;
  net->eval();
  const auto maps = net->forward_maps(test::hashed_pictures(1, 64, 96));
  EXPECT_EQ(maps[0].sizes().slice(2), (std::vector<std::int64_t>{4, 6}));
  EXPECT_EQ(maps[1].sizes().slice(2), (std::vector<std::int64_t>{4, 6}));
}

TEST(ResNetBackbone, FrozenNormsLearnNothing) {
  ResNet net(test::tiny_resnet(BlockKind::basic).norm(nn::NormKind::frozen).num_classes(0));
  for (const auto& parameter : net->named_parameters()) EXPECT_EQ(parameter.value().dim(), 4) << parameter.key();
}

TEST(ResNetBackbone, RefusesWhatDoesNotExist) {
  const auto tiny = test::tiny_resnet(BlockKind::bottleneck);
  EXPECT_THROW(ResNet(ResNetOptions(tiny).levels({0})), Error);
  EXPECT_THROW(ResNet(ResNetOptions(tiny).levels({3, 2})), Error);
  EXPECT_THROW(ResNet(ResNetOptions(tiny).levels({5})), Error);
  EXPECT_THROW(ResNet(ResNetOptions(tiny).deep(true).dilate_last(true)), Error);
  EXPECT_THROW(ResNet(test::tiny_resnet(BlockKind::basic).dilate_last(true)), Error);
}

}  // namespace
}  // namespace vitral::cnn
