#include "apps/registry.h"

#include <gtest/gtest.h>

#include <set>

#include "common/core/error.h"
#include "common/nn/init.h"
#include "common/runtime/prepare.h"
#include "common/weights/keymap.h"
#include "tests/support/tensors.h"

namespace vitral {
namespace {

using test::expect_close;
using test::expect_equal;

BuildOptions published_options(const ModelEntry& entry) {
  BuildOptions options;
  options.num_classes = entry.pretrained.front().num_classes;
  const auto& preprocess = entry.preprocess();
  options.image_size = {preprocess.height, preprocess.width};
  options.origin = entry.pretrained.front().origin;
  return options;
}

std::int64_t count_parameters(Classifier& net) {
  std::int64_t count = 0;
  for (const auto& parameter : net.module().parameters()) count += parameter.numel();
  return count;
}

std::vector<const ModelEntry*> classifiers() {
  static const auto registry = apps::make_registry();
  std::vector<const ModelEntry*> entries;
  for (const auto& entry : registry->entries()) {
    if (entry->task == Task::classify) entries.push_back(entry.get());
  }
  return entries;
}

class EveryClassifier : public testing::TestWithParam<const ModelEntry*> {};

TEST_P(EveryClassifier, HasThePublishedParameterCount) {
  const nn::SkipInit skip;
  const auto net = GetParam()->build_classifier(published_options(*GetParam()));
  EXPECT_EQ(count_parameters(*net), GetParam()->params);
}

TEST_P(EveryClassifier, HasTablesThatCanBeTurnedRound) {
  for (const auto& map : GetParam()->key_maps) EXPECT_NO_THROW(weights::validate(map)) << map.origin;
}

TEST_P(EveryClassifier, NamesItsHeadsAndItsSources) {
  const auto& entry = *GetParam();
  EXPECT_FALSE(entry.paper.empty());
  EXPECT_GT(entry.gmacs, 0);
  for (const auto& published : entry.pretrained) {
    EXPECT_FALSE(published.licence.empty()) << published.tag;
    EXPECT_GT(published.preprocess.height, 0);
  }
  const nn::SkipInit skip;
  BuildOptions options = published_options(entry);
  options.num_classes = 10;
  const auto net = entry.build_classifier(options);
  const auto names = net->module().named_parameters();
  for (const auto& head : net->head_names()) {
    ASSERT_TRUE(names.contains(head + ".weight")) << head;
    EXPECT_EQ(names[head + ".weight"].size(0), 10);
  }
}

/// What costs a forward pass: for networks that are small enough at a small size.
TEST_P(EveryClassifier, ComputesTheSameInEveryWay) {
  const auto& entry = *GetParam();
  if (entry.gmacs > 5) GTEST_SKIP() << "as its smaller sisters, in less time";
  at::manual_seed(11);
  BuildOptions options = published_options(entry);
  options.num_classes = 7;
  const auto net = entry.build_classifier(options);
  const auto size = *options.image_size;
  const auto images = at::randn({2, 3, size[0], size[1]});

  net->module().eval();
  const auto both = net->forward(images);
  ASSERT_EQ(both.sizes(), (at::IntArrayRef{2, 7}));
  expect_equal(net->forward(images), both);
  expect_close(at::cat({net->forward(images.slice(0, 0, 1)), net->forward(images.slice(0, 1, 2))}), both, 1e-4);

  net->module().train();
  net->forward(images).square().sum().backward();
  for (const auto& item : net->module().named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_TRUE(at::isfinite(item.value().grad()).all().item<bool>()) << item.key();
  }

  net->module().eval();
  const at::NoGradGuard no_grad;
  const auto plain = net->forward(images);
  const auto copy_module = net->module().clone();
  auto* copy = dynamic_cast<Classifier*>(copy_module.get());
  ASSERT_NE(copy, nullptr);
  copy_module->eval();
  expect_close(copy->forward(images), plain, 1e-5);

  prepare_for_inference(net->module(), nn::Precision::fp32);
  expect_close(net->forward(images), plain, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryClassifier, testing::ValuesIn(classifiers()),
                         [](const auto& info) { return info.param->name; });

TEST(RegistryNames, ResolveAliasesTagsAndNearMisses) {
  const auto registry = apps::make_registry();
  EXPECT_EQ(registry->resolve("vit_b_16").entry->name, "vit_base_patch16_224");
  EXPECT_EQ(registry->resolve("vit_b_16").pretrained->origin, "torchvision");
  EXPECT_EQ(registry->resolve("resnet50.tv_in1k").pretrained->tag, "tv_in1k");
  EXPECT_EQ(registry->resolve("resnet50").pretrained, nullptr);
  try {
    registry->resolve("resnet50.nobody");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(std::string(error.what()).find("resnet50."), std::string::npos);
  }
  EXPECT_THROW(registry->resolve("resnet5000"), Error);
}

TEST(RegistryNames, NothingIsRegisteredTwice) {
  Registry registry;
  ModelEntry entry;
  entry.name = "one";
  entry.pretrained.emplace_back();
  registry.add(entry);
  EXPECT_THROW(registry.add(entry), std::logic_error);
}

}  // namespace
}  // namespace vitral
