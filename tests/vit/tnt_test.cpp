#include "vit/tnt.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "common/core/error.h"
#include "common/nn/init.h"
#include "common/runtime/prepare.h"
#include "common/weights/state_dict.h"
#include "tests/support/hashed.h"
#include "tests/support/source_dir.h"
#include "tests/support/tensors.h"
#include "vit/tnt_register.h"

namespace vitral::vit {
namespace {

using Size = std::array<std::int64_t, 2>;

const nlohmann::json& golden() {
  static const nlohmann::json read = [] {
    std::ifstream file(test::source_dir() + "/tests/golden/tnt.json");
    return nlohmann::json::parse(file);
  }();
  return read;
}

at::Tensor logits_of(const nlohmann::json& rows) {
  std::vector<double> flat;
  for (const auto& row : rows) flat.insert(flat.end(), row.begin(), row.end());
  return at::tensor(flat).to(at::kFloat).view({static_cast<std::int64_t>(rows.size()), -1});
}

TntOptions small(bool legacy, Size image = {64, 64}) {
  return TntOptions()
      .dim(48)
      .heads(3)
      .inner_dim(12)
      .inner_heads(2)
      .depth(2)
      .num_classes(5)
      .legacy(legacy)
      .image_height(image[0])
      .image_width(image[1]);
}

Tnt network(const TntOptions& options) {
  Tnt net(options);
  test::fill_hashed(*net);
  net->eval();
  return net;
}

TEST(TntGolden, LogitsEqualTimm) {
  ASSERT_EQ(golden().at("cases").size(), 4);
  for (const auto& each : golden().at("cases")) {
    const auto image = each.at("image").get<Size>();
    SCOPED_TRACE(each.at("image").dump());
    auto net = network(small(each.at("legacy"), image));
    const auto logits = net->forward(test::hashed_pictures(2, image[0], image[1]));
    test::expect_close(logits.detach(), logits_of(each.at("logits")), 2e-5);
  }
}

TEST(TntGolden, TheAuthorsCodeGivesTheSame) {
  auto net = network(small(false));
  test::expect_close(net->forward(test::hashed_pictures(2, 64, 64)).detach(),
                     logits_of(golden().at("authors").at("logits")), 2e-5);
}

class TntModel : public testing::TestWithParam<bool> {
 protected:
  Tnt net = network(small(GetParam()));
  at::Tensor images = test::hashed_pictures(4, 64, 64);
};

TEST_P(TntModel, EveryParameterGetsAGradient) {
  net->train();
  net->forward(images).square().sum().backward();
  for (const auto& parameter : net->named_parameters()) {
    ASSERT_TRUE(parameter.value().grad().defined()) << parameter.key();
    EXPECT_GT(parameter.value().grad().abs().sum().item<double>(), 0) << parameter.key();
  }
}

TEST_P(TntModel, TrainsWithDropPathAndDropout) {
  auto other = network(small(GetParam()).drop_path(0.5).dropout(0.1));
  other->train();
  at::manual_seed(1);
  EXPECT_FALSE(at::equal(other->forward(images), other->forward(images)));
  other->eval();
  test::expect_equal(other->forward(images), net->forward(images));
}

TEST_P(TntModel, CloneIsEqualAndSeparate) {
  const at::NoGradGuard no_grad;
  const auto before = net->forward(images);
  const auto clone = std::dynamic_pointer_cast<TntImpl>(net->clone());
  clone->eval();
  test::expect_equal(clone->forward(images), before);
  clone->norm->weight.zero_();
  test::expect_equal(net->forward(images), before);
}

TEST_P(TntModel, LoadedFromItsStateIsEqual) {
  const at::NoGradGuard no_grad;
  Tnt other(net->options);
  EXPECT_TRUE(weights::load_into(*other, weights::state_dict_of(*net)).is_complete());
  other->eval();
  test::expect_equal(other->forward(images), net->forward(images));
}

TEST_P(TntModel, ABatchEqualsItsPictures) {
  const at::NoGradGuard no_grad;
  const auto all = net->forward(images);
  for (std::int64_t i = 0; i < 4; ++i)
    test::expect_close(net->forward(images.narrow(0, i, 1)), all.narrow(0, i, 1), 1e-5);
}

TEST_P(TntModel, PreparedComputesTheSame) {
  const at::NoGradGuard no_grad;
  const auto plain = net->forward(images);
  prepare_for_inference(*net, nn::Precision::fp32);
  test::expect_close(net->forward(images), plain, 1e-4);
  test::expect_close(net->forward(images), plain, 1e-4);  // with everything packed
  prepare_for_inference(*net, nn::Precision::bf16);
  test::expect_close(net->forward(images.to(at::kBFloat16)).to(at::kFloat), plain, 2e-2);
}

TEST_P(TntModel, TrainingAgainTakesTheNewWeights) {
  const at::NoGradGuard no_grad;
  prepare_for_inference(*net, nn::Precision::fp32);
  net->forward(images);
  net->train();
  for (auto& parameter : net->parameters()) parameter.mul_(1.1);
  prepare_for_inference(*net, nn::Precision::fp32);
  auto fresh = network(net->options);
  for (auto& parameter : fresh->parameters()) parameter.mul_(1.1);
  test::expect_close(net->forward(images), fresh->forward(images), 1e-4);
}

TEST_P(TntModel, RefusesOtherSizes) {
  EXPECT_THROW(net->forward(test::hashed_pictures(1, 64, 80)), Error);
  EXPECT_EQ(net->fixed_size(), (Size{64, 64}));
  // What is less than a patch is left out.
  auto larger = network(small(GetParam(), {70, 64}));
  EXPECT_EQ(larger->forward(test::hashed_pictures(1, 70, 64)).sizes(), (std::vector<std::int64_t>{1, 5}));
}

INSTANTIATE_TEST_SUITE_P(Blocks, TntModel, testing::Values(false, true),
                         [](const auto& info) { return info.param ? "legacy" : "current"; });

class TntRegistry : public testing::Test {
 protected:
  TntRegistry() { register_tnt(registry); }
  Registry registry;
};

TEST_F(TntRegistry, HasTheCountsOfTimm) {
  const std::map<std::string, std::int64_t> counts{
      {"tnt_s_patch16_224", 23768584}, {"tnt_b_patch16_224", 65428680}, {"tnt_s_legacy_patch16_224", 23755336}};
  EXPECT_EQ(registry.entries().size(), counts.size());
  const nn::SkipInit no_random_numbers;
  for (const auto& entry : registry.entries()) {
    const auto net = entry->build_classifier({});
    std::int64_t count = 0;
    for (const auto& parameter : net->module().parameters()) count += parameter.numel();
    EXPECT_EQ(count, counts.at(entry->name)) << entry->name;
    EXPECT_EQ(count, entry->params) << entry->name;
  }
}

TEST_F(TntRegistry, AuthorsNamesGoBothWays) {
  const auto theirs = golden().at("authors").at("tensors").get<std::map<std::string, std::vector<std::int64_t>>>();
  std::vector<std::string> names;
  for (const auto& [name, shape] : theirs) names.push_back(name);
  const auto& map = tnt_key_maps().front();
  EXPECT_NO_THROW(weights::validate(map));
  ASSERT_TRUE(weights::detect(names, map));
  EXPECT_TRUE(weights::plan(names, map, weights::Direction::to_ours).is_clean());

  auto net = network(small(false));
  const auto state = weights::state_dict_of(*net);
  EXPECT_FALSE(weights::detect(weights::names_of(state), map));
  auto written = weights::apply(weights::plan(weights::names_of(state), map, weights::Direction::to_theirs), state);
  registry.entries().front()->complete(written, *net, "original");
  std::map<std::string, std::vector<std::int64_t>> shapes;
  for (const auto& item : written) shapes[item.key()] = item.value().sizes().vec();
  EXPECT_EQ(shapes, theirs);
  const auto back =
      weights::apply(weights::plan(weights::names_of(written), map, weights::Direction::to_ours), written);
  ASSERT_EQ(back.size(), state.size());
  for (const auto& item : state) test::expect_equal(back[item.key()], item.value());
}

TEST_F(TntRegistry, PatchPositionsFollowTheSize) {
  auto state = weights::state_dict_of(*network(small(false)));
  auto net = network(small(false, {96, 64}));
  std::vector<weights::Adaptation> log;
  registry.entries().front()->adapt(state, *net, {"original", &log});
  EXPECT_EQ(state["patch_pos"].sizes(), net->patch_pos.sizes());
  ASSERT_EQ(log.size(), 1);
  EXPECT_EQ(log[0].text, "position table 4x4 -> 6x4, bicubic, antialiased (timm)");
  EXPECT_TRUE(weights::load_into(*net, state).is_complete());
}

}  // namespace
}  // namespace vitral::vit
