#include "cnn/weights.h"

#include <gtest/gtest.h>

#include <set>

#include "cnn/register.h"
#include "tests/cnn/support.h"
#include "tests/support/key_names.h"

namespace vitral::cnn {
namespace {

using test::Names;
using test::names_of_model;
using test::targets;

class CnnWeights : public testing::Test {
 protected:
  CnnWeights() { register_cnn(registry); }
  Registry registry;
};

TEST_F(CnnWeights, TablesCanBeTurnedRound) {
  for (const auto& entry : registry.entries()) {
    for (const auto& map : entry->key_maps) EXPECT_NO_THROW(weights::validate(map)) << entry->name << " " << map.origin;
  }
}

// The names that the libraries themselves give: every one is known, and together they are all that the network has.
TEST_F(CnnWeights, NamesOfTheLibrariesBecomeOurs) {
  ASSERT_EQ(test::cnn_golden().at("layouts").size(), 7U);
  for (const auto& layout : test::cnn_golden().at("layouts")) {
    const auto& entry = *registry.resolve(layout.at("model").get<std::string>()).entry;
    SCOPED_TRACE(entry.name);
    const auto theirs = layout.at("names").get<Names>();
    const auto* map = weights::detect(theirs, entry.key_maps);
    ASSERT_NE(map, nullptr);
    EXPECT_EQ(map->origin, layout.at("origin").get<std::string>());
    const auto plan = weights::plan(theirs, *map, weights::Direction::to_ours);
    EXPECT_TRUE(plan.is_clean());
    const auto ours = names_of_model(entry);
    EXPECT_EQ(targets(plan), std::set<std::string>(ours.begin(), ours.end()));
    const auto back = weights::plan(ours, *map, weights::Direction::to_theirs);
    EXPECT_TRUE(back.is_clean());
    EXPECT_EQ(targets(back), std::set<std::string>(theirs.begin(), theirs.end()));
  }
}

// Each library's network has its own order of blocks: a wrong stage would still be a known name.
TEST_F(CnnWeights, BlocksOfTheOriginalAreCountedThrough) {
  const auto ours = [](int variant, const std::string& theirs) {
    const Names names{theirs};
    const auto plan = weights::plan(names, efficientnet_lite_key_maps(variant).front(), weights::Direction::to_ours);
    return plan.steps.empty() ? std::string() : plan.steps.front().targets.front();
  };
  EXPECT_EQ(ours(0, "_blocks.0._project_conv.weight"), "blocks.0.0.conv_pw.weight");
  EXPECT_EQ(ours(0, "_blocks.4._project_conv.weight"), "blocks.2.1.conv_pwl.weight");
  EXPECT_EQ(ours(0, "_blocks.15._bn0.running_var"), "blocks.6.0.bn1.running_var");
  EXPECT_EQ(ours(3, "_blocks.16._depthwise_conv.weight"), "blocks.4.4.conv_dw.weight");
  EXPECT_EQ(ours(4, "_blocks.28._expand_conv.weight"), "blocks.5.7.conv_pw.weight");
}

// timm's names are our own, and no table may claim them.
TEST_F(CnnWeights, OurOwnNamesAreNobodyElses) {
  for (const auto& entry : registry.entries()) {
    const auto names = names_of_model(*entry);
    EXPECT_EQ(weights::detect(names, entry->key_maps), nullptr) << entry->name;
  }
}

}  // namespace
}  // namespace vitral::cnn
