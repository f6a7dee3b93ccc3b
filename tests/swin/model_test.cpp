#include <gtest/gtest.h>

#include <filesystem>

#include "common/core/error.h"
#include "common/runtime/prepare.h"
#include "common/weights/checkpoint.h"
#include "common/weights/state_dict.h"
#include "tests/swin/support.h"

namespace vitral::swin {
namespace {

class Model : public testing::TestWithParam<Version> {
 protected:
  static SwinTransformer small(SwinTransformerOptions options = test::small_swin(GetParam())) {
    SwinTransformer net(options.version(GetParam()));
    test::fill_hashed(*net);
    net->eval();
    return net;
  }
  at::Tensor images = test::hashed_pictures(4, 64, 64);
};

TEST_P(Model, GivesFiniteLogitsOfTheClasses) {
  auto net = small();
  const auto logits = net->forward(images);
  EXPECT_EQ(logits.sizes(), (std::vector<std::int64_t>{4, 5}));
  EXPECT_TRUE(at::isfinite(logits).all().item<bool>());
  EXPECT_GT(logits.std().item<double>(), 1e-3);
}

TEST_P(Model, WithoutHeadGivesPooledFeatures) {
  auto net = small(test::small_swin(GetParam()).num_classes(0));
  EXPECT_EQ(net->forward(images).sizes(), (std::vector<std::int64_t>{4, 64}));
  EXPECT_TRUE(net->head.is_empty());
}

TEST_P(Model, EveryParameterGetsAGradient) {
  auto net = small();
  net->train();
  net->forward(images).square().sum().backward();
  for (const auto& parameter : net->named_parameters()) {
    ASSERT_TRUE(parameter.value().grad().defined()) << parameter.key();
    EXPECT_GT(parameter.value().grad().abs().sum().item<double>(), 0) << parameter.key();
  }
}

TEST_P(Model, TrainsWithDropPathAndDropout) {
  auto net = small(test::small_swin(GetParam()).drop_path(0.5).dropout(0.1));
  net->train();
  at::manual_seed(1);
  const auto first = net->forward(images), second = net->forward(images);
  EXPECT_FALSE(at::equal(first, second));
  net->eval();
  test::expect_equal(net->forward(images), small()->forward(images));
}

TEST_P(Model, CloneIsEqualAndSeparate) {
  auto net = small();
  const at::NoGradGuard no_grad;
  const auto before = net->forward(images);
  const auto clone = std::dynamic_pointer_cast<SwinTransformerImpl>(net->clone());
  clone->eval();
  test::expect_equal(clone->forward(images), before);
  clone->norm->weight.zero_();
  test::expect_equal(net->forward(images), before);
}

TEST_P(Model, SavedAndLoadedIsEqual) {
  auto net = small();
  const at::NoGradGuard no_grad;
  const auto path =
      std::filesystem::temp_directory_path() / ("vitral_swin_" + std::to_string(::getpid()) + ".safetensors");
  weights::save(path, weights::state_dict_of(*net), {}, true);
  SwinTransformer other(test::small_swin(GetParam()));
  const auto checkpoint = weights::open(path);
  const auto report = weights::load_into(*other, weights::to_state_dict(checkpoint, weights::Storage::copied));
  std::filesystem::remove(path);
  EXPECT_TRUE(report.is_complete());
  other->eval();
  test::expect_equal(other->forward(images), net->forward(images));
}

TEST_P(Model, ABatchEqualsItsPictures) {
  auto net = small();
  const at::NoGradGuard no_grad;
  const auto all = net->forward(images);
  for (std::int64_t i = 0; i < 4; ++i)
    test::expect_close(net->forward(images.narrow(0, i, 1)), all.narrow(0, i, 1), 1e-5);
}

TEST_P(Model, PreparedComputesTheSame) {
  for (const Size image : {Size{64, 64}, Size{72, 56}, Size{44, 100}}) {
    SCOPED_TRACE(std::to_string(image[0]) + "x" + std::to_string(image[1]));
    const auto pictures = test::hashed_pictures(2, image[0], image[1]);
    auto net = small();
    const at::NoGradGuard no_grad;
    const auto plain = net->forward(pictures);
    prepare_for_inference(*net, nn::Precision::fp32);
    test::expect_close(net->forward(pictures), plain, 1e-4);
    test::expect_close(net->forward(pictures), plain, 1e-4);  // with everything packed and cached
    prepare_for_inference(*net, nn::Precision::bf16);
    test::expect_close(net->forward(pictures.to(at::kBFloat16)).to(at::kFloat), plain, 2e-2);
  }
}

TEST_P(Model, TrainingAgainTakesTheNewWeights) {
  auto net = small();
  const at::NoGradGuard no_grad;
  prepare_for_inference(*net, nn::Precision::fp32);
  const auto before = net->forward(images);
  net->train();
  for (auto& parameter : net->parameters()) parameter.mul_(1.1);
  prepare_for_inference(*net, nn::Precision::fp32);
  const auto after = net->forward(images);
  EXPECT_GT(test::relative_error(after, before), 1e-3);
  auto fresh = small();
  for (auto& parameter : fresh->parameters()) parameter.mul_(1.1);
  test::expect_close(after, fresh->forward(images), 1e-4);
}

TEST_P(Model, TakesManySizesInTurn) {
  auto net = small();
  const at::NoGradGuard no_grad;
  prepare_for_inference(*net, nn::Precision::fp32);
  const auto first = net->forward(images);
  for (std::int64_t side = 32; side < 32 + 12 * 8; side += 8) {  // more sizes than are kept
    EXPECT_TRUE(at::isfinite(net->forward(test::hashed_pictures(1, side, 64))).all().item<bool>());
  }
  test::expect_equal(net->forward(images), first);
}

TEST_P(Model, IsABackboneOfFourStages) {
  auto net = small();
  Backbone& backbone = *net;
  const auto maps = backbone.forward_maps(test::hashed_pictures(2, 72, 60));
  ASSERT_EQ(maps.size(), 4);
  const std::vector<std::vector<std::int64_t>> sizes{{2, 8, 18, 15}, {2, 16, 9, 8}, {2, 32, 5, 4}, {2, 64, 3, 2}};
  for (std::size_t i = 0; i < maps.size(); ++i) {
    EXPECT_EQ(maps[i].sizes(), sizes[i]);
    EXPECT_EQ(backbone.channels()[i], sizes[i][1]);
    EXPECT_EQ(backbone.strides()[i], 4 << i);
  }
  EXPECT_EQ(backbone.module_ptr().get(), net.get());
  // The last map is what the classifier norms.
  const auto features = net->forward_features(test::hashed_pictures(2, 72, 60));
  test::expect_close(net->norm->forward(maps[3].flatten(2).transpose(1, 2)), features, 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Versions, Model, testing::Values(Version::v1, Version::v2),
                         [](const auto& info) { return info.param == Version::v1 ? "v1" : "v2"; });

TEST(Model, SizesThatThePatchDoesNotDivide) {
  const auto pictures = test::hashed_pictures(1, 66, 64);
  const auto options = test::small_swin(Version::v1);
  SwinTransformer timm(options);
  EXPECT_THROW(timm->forward(pictures), Error);
  auto convention = options;
  SwinTransformer torchvision(convention.convention(Convention::torchvision));
  test::fill_hashed(*torchvision);
  test::expect_equal(torchvision->forward(pictures), torchvision->forward(pictures.narrow(2, 0, 64)));
  SwinTransformer transformers(convention.convention(Convention::transformers));
  test::fill_hashed(*transformers);
  test::expect_equal(transformers->forward(pictures),
                     transformers->forward(at::constant_pad_nd(pictures, {0, 0, 0, 2})));
}

TEST(Model, NewV2NetworksAreTheIdentityBetweenMergings) {
  SwinTransformer net(test::small_swin(Version::v2));
  const auto x = test::hashed({1, 256, 8}, 1);
  const auto out = net->layers[0]->as<Stage>()->forward({x, {16, 16}});
  test::expect_equal(out.tokens, x);
}

}  // namespace
}  // namespace vitral::swin
