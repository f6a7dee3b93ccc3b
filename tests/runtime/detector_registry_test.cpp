// A walk over every registered detector, as registry_test.cpp does it for classifiers.
#include <gtest/gtest.h>

#include <set>

#include "apps/registry.h"
#include "common/core/labels.h"
#include "common/nn/init.h"
#include "common/weights/keymap.h"
#include "tests/support/tensors.h"

namespace vitral {
namespace {

BuildOptions published_options(const ModelEntry& entry) {
  BuildOptions options;
  options.num_classes = entry.pretrained.front().num_classes;
  options.image_size = {entry.preprocess().height, entry.preprocess().width};
  options.origin = entry.pretrained.front().origin;
  return options;
}

std::vector<const ModelEntry*> detectors() {
  static const auto registry = apps::make_registry();
  std::vector<const ModelEntry*> entries;
  for (const auto& entry : registry->entries()) {
    if (entry->task == Task::detect) entries.push_back(entry.get());
  }
  return entries;
}

class EveryDetector : public testing::TestWithParam<const ModelEntry*> {};

TEST_P(EveryDetector, HasThePublishedParameterCount) {
  const nn::SkipInit skip;
  const auto net = GetParam()->build_detector(published_options(*GetParam()));
  std::int64_t count = 0;
  for (const auto& parameter : net->module().parameters()) count += parameter.numel();
  EXPECT_EQ(count, GetParam()->params);
}

TEST_P(EveryDetector, HasTablesThatCanBeTurnedRound) {
  for (const auto& map : GetParam()->key_maps) EXPECT_NO_THROW(weights::validate(map)) << map.origin;
}

TEST_P(EveryDetector, SaysWhatItIsAndWhereItComesFrom) {
  const auto& entry = *GetParam();
  EXPECT_FALSE(entry.paper.empty());
  EXPECT_GT(entry.gmacs, 0);
  for (const auto& published : entry.pretrained) {
    EXPECT_FALSE(published.licence.empty()) << published.tag;
    EXPECT_EQ(fault_of(published.preprocess), "") << published.tag;
  }
  if (entry.bundled) return;  // names and accuracy come with its file
  const auto* names = labels(entry.labels);
  ASSERT_NE(names, nullptr) << entry.labels;
  EXPECT_EQ(static_cast<std::int64_t>(names->size()), entry.pretrained.front().num_classes);
  const auto& first = entry.pretrained.front();
  const bool is_published = first.tag != "untrained";
  EXPECT_EQ(first.ap > 0, is_published);
  EXPECT_TRUE(is_published || (first.url.empty() && first.file.empty()));
}

// Heads are what a class count changes, and nothing else is.
TEST_P(EveryDetector, NamesItsHeads) {
  const auto& entry = *GetParam();
  const nn::SkipInit skip;
  auto options = published_options(entry);
  const auto published = entry.build_detector(options);
  options.num_classes = 3;
  const auto other = entry.build_detector(options);
  std::set<std::string> heads;
  for (const auto& head : other->head_names()) heads.insert({head + ".weight", head + ".bias"});
  const auto theirs = published->module().named_parameters();
  for (const auto& item : other->module().named_parameters()) {
    EXPECT_EQ(heads.contains(item.key()), item.value().sizes() != theirs[item.key()].sizes()) << item.key();
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryDetector, testing::ValuesIn(detectors()),
                         [](const auto& info) { return info.param->name; });

}  // namespace
}  // namespace vitral
