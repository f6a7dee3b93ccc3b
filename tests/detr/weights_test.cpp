#include "detr/weights.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "apps/backbones.h"
#include "detr/register.h"
#include "tests/support/key_names.h"
#include "tests/support/source_dir.h"

namespace vitral::detr {
namespace {

using test::Names;
using test::names_of_model;
using test::targets;

const nlohmann::json& golden() {
  static const nlohmann::json golden = [] {
    std::ifstream file(test::source_dir() + "/tests/golden/detr_names.json");
    return nlohmann::json::parse(file);
  }();
  return golden;
}

std::set<std::string> set_of(const Names& names) {
  return {names.begin(), names.end()};
}

class DetrWeights : public testing::Test {
 protected:
  DetrWeights() {
    register_detr(registry, apps::resnet_backbones());
    register_deformable_detr(registry, apps::resnet_backbones());
    register_rtdetr(registry, apps::resnet_backbones());
  }
  Registry registry;
};

// The names that the origins themselves give: every one is known, and together they are all that the network has.
TEST_F(DetrWeights, NamesOfTheOriginsBecomeOurs) {
  ASSERT_GE(golden().size(), 5U);
  for (const auto& layout : golden()) {
    const auto& entry = *registry.resolve(layout.at("model").get<std::string>()).entry;
    const auto origin = layout.at("origin").get<std::string>();
    SCOPED_TRACE(entry.name + " " + layout.at("layout").get<std::string>());
    const auto theirs = layout.at("names").get<Names>();
    const auto* map = weights::detect(theirs, entry.key_maps);
    ASSERT_NE(map, nullptr);
    EXPECT_EQ(map->origin, origin);
    const auto ours = names_of_model(entry);
    const auto plan = weights::plan(theirs, *map, weights::Direction::to_ours, ours);
    EXPECT_TRUE(plan.is_clean());
    EXPECT_EQ(targets(plan), set_of(ours));
    if (!layout.at("written").get<bool>()) continue;  // a layout that is read, but that nobody writes any more
    const auto back = weights::plan(ours, *map, weights::Direction::to_theirs);
    EXPECT_TRUE(back.is_clean());
    EXPECT_EQ(targets(back), set_of(theirs));
  }
}

TEST_F(DetrWeights, PanopticFilesGiveTheirBoxPart) {
  const auto& entry = *registry.resolve("detr_resnet50").entry;
  for (const auto& layout : golden()) {
    const auto origin = layout.at("origin").get<std::string>();
    if (layout.at("model") != "detr_resnet50" || !layout.at("written").get<bool>()) continue;
    Names panoptic{"bbox_attention.q_linear.weight", "mask_head.lay1.weight", "mask_head.gn5.bias"};
    for (const auto& name : layout.at("names").get<Names>()) panoptic.push_back("detr." + name);
    const auto* map = weights::detect(panoptic, entry.key_maps);
    ASSERT_NE(map, nullptr) << origin;
    EXPECT_EQ(map->origin, origin + "-panoptic");
    EXPECT_FALSE(map->note.empty());
    ASSERT_NE(entry.find_origin(map->origin), nullptr);
    EXPECT_EQ(entry.find_origin(map->origin)->num_classes, 250);
    const auto plan = weights::plan(panoptic, *map, weights::Direction::to_ours);
    EXPECT_TRUE(plan.is_clean());
    EXPECT_EQ(plan.dropped.size(), 3U);
    EXPECT_EQ(targets(plan), set_of(names_of_model(entry)));
  }
}

TEST_F(DetrWeights, OurOwnNamesAreNobodyElses) {
  for (const auto& entry : registry.entries()) {
    EXPECT_EQ(weights::detect(names_of_model(*entry), entry->key_maps), nullptr) << entry->name;
  }
}

}  // namespace
}  // namespace vitral::detr
