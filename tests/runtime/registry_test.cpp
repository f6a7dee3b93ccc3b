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

TEST(FileSizes, EveryPublishedFileHasOne) {
  const auto registry = apps::make_registry();
  int stated = 0, exact = 0;
  for (const auto& entry : registry->entries()) {
    for (const auto& file : entry->pretrained) {
      const std::string name = entry->name + "." + file.tag;
      if (file.url.empty() && file.file.empty()) continue;
      EXPECT_GT(file.size.bytes, 0) << name;
      EXPECT_NE(to_string(file.size), "") << name;
      EXPECT_EQ(to_string(file.size).starts_with("about "), file.size.known == SizeKnown::estimated) << name;
      stated += file.size.known == SizeKnown::stated;
      exact += file.size.exact() > 0;
    }
  }
  EXPECT_GE(stated, 30);
  EXPECT_EQ(exact, 2);  // one file, which two names take
}

/// What publishers state and what four bytes a number come to are two sources for the same thing.
TEST(FileSizes, AgreeWithTheNumbersOfTheNetwork) {
  const auto registry = apps::make_registry();
  for (const auto& entry : registry->entries()) {
    for (const auto& file : entry->pretrained) {
      if (file.size.known != SizeKnown::stated) continue;
      const double counted = 4.0 * static_cast<double>(entry->params);
      EXPECT_NEAR(static_cast<double>(file.size.bytes) / counted, 1, 0.045) << entry->name << "." << file.tag;
    }
  }
}

/// torchvision 0.26, Weights.meta["_file_size"]; timm's tag for the same file says the same.
TEST(FileSizes, OfTorchvisionAreTheStatedOnes) {
  const auto registry = apps::make_registry();
  for (const char* name : {"resnet50.tv2_in1k", "resnet50.imagenet1k_v2"}) {
    EXPECT_EQ(to_string(registry->resolve(name).pretrained->size), "97.8 MiB") << name;
  }
  EXPECT_EQ(to_string(registry->resolve("vit_b_16").pretrained->size), "330.3 MiB");
  EXPECT_EQ(to_string(registry->resolve("fasterrcnn_resnet50_fpn_v2").entry->pretrained.front().size), "167.1 MiB");
}

/// A head of 21,843 classes is a seventh of such a file; a published network without one lacks its numbers.
TEST(FileSizes, FollowTheClassesOfTheFile) {
  const auto registry = apps::make_registry();
  const auto* whole = registry->resolve("vit_base_patch16_224.augreg_in21k").pretrained;
  const auto* entry = registry->resolve("vit_base_patch16_224").entry;
  EXPECT_EQ(whole->size.bytes, 4u * (86567656u + (21843u - 1000u) * 769u));
  EXPECT_EQ(entry->find_tag("google/vit-base-patch16-224-in21k")->size.bytes, 4u * (86567656u - 1000u * 769u));
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
