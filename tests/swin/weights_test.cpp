#include "swin/weights.h"

#include <gtest/gtest.h>

#include <set>

#include "common/weights/state_dict.h"
#include "swin/adapt.h"
#include "swin/buffers.h"
#include "tests/swin/support.h"

namespace vitral::swin {
namespace {

using Names = std::vector<std::string>;

struct Published {
  std::string origin;
  Version version;
  std::map<std::string, std::vector<std::int64_t>> tensors;  ///< by name, the shape
  Names names() const {
    Names result;
    for (const auto& [name, shape] : tensors) result.push_back(name);
    return result;
  }
};

/// What the libraries save of a network of small_swin()'s sizes for pictures of 128 x 128.
std::vector<Published> published() {
  std::vector<Published> result;
  for (const auto& golden : test::swin_golden().at("names")) {
    result.push_back(
        {golden.at("origin"), golden.at("v2").get<bool>() ? Version::v2 : Version::v1, golden.at("tensors")});
  }
  return result;
}

SwinTransformer network(const Published& published) {
  SwinTransformer net(test::small_swin(published.version)
                          .image_height(128)
                          .image_width(128)
                          .convention(convention_of(published.origin)));
  test::fill_hashed(*net);
  net->eval();
  return net;
}

TEST(SwinWeights, TablesAreWellFormed) {
  for (const auto version : {Version::v1, Version::v2}) {
    for (const auto& map : key_maps(version)) EXPECT_NO_THROW(weights::validate(map)) << map.origin;
  }
}

TEST(SwinWeights, EveryNameOfTheLibrariesFindsItsPlace) {
  for (const auto& file : published()) {
    SCOPED_TRACE(file.origin + (file.version == Version::v1 ? " v1" : " v2"));
    const auto* map = weights::detect(file.names(), key_maps(file.version));
    if (file.origin == "timm") {
      EXPECT_EQ(map, nullptr);
      continue;
    }
    ASSERT_NE(map, nullptr);
    EXPECT_EQ(map->origin, file.origin);
    const auto plan = weights::plan(file.names(), *map, weights::Direction::to_ours);
    EXPECT_TRUE(plan.is_clean()) << (plan.unmatched.empty() ? "" : plan.unmatched.front());
    std::multiset<std::string> given, expected;
    for (const auto& step : plan.steps) {
      for (const auto& target : step.targets) {
        if (!target.empty()) given.insert(target);
      }
    }
    for (const auto& parameter : network(file)->named_parameters()) expected.insert(parameter.key());
    EXPECT_EQ(given, expected);
  }
}

TEST(SwinWeights, WrittenFilesHaveTheLibrariesNamesAndShapesAndComeBackEqual) {
  for (const auto& file : published()) {
    if (file.origin == "timm") continue;
    SCOPED_TRACE(file.origin + (file.version == Version::v1 ? " v1" : " v2"));
    auto net = network(file);
    const auto state = weights::state_dict_of(*net);
    const auto* map = weights::detect(file.names(), key_maps(file.version));
    ASSERT_NE(map, nullptr);
    auto theirs = weights::apply(weights::plan(weights::names_of(state), *map, weights::Direction::to_theirs), state);
    complete(theirs, *net, file.origin);
    std::map<std::string, std::vector<std::int64_t>> shapes;
    for (const auto& item : theirs) shapes[item.key()] = item.value().sizes().vec();
    EXPECT_EQ(shapes, file.tensors);
    const auto ours =
        weights::apply(weights::plan(weights::names_of(theirs), *map, weights::Direction::to_ours), theirs);
    ASSERT_EQ(ours.size(), state.size());
    for (const auto& item : state) {
      SCOPED_TRACE(item.key());
      test::expect_equal(ours[item.key()], item.value());
    }
  }
}

TEST(SwinWeights, TimmsOwnNamesAreOurs) {
  for (const auto& file : published()) {
    if (file.origin != "timm") continue;
    std::map<std::string, std::vector<std::int64_t>> shapes;
    for (const auto& item : weights::state_dict_of(*network(file))) shapes[item.key()] = item.value().sizes().vec();
    EXPECT_EQ(shapes, file.tensors);
  }
}

class Adapted : public testing::Test {
 protected:
  Adapted() : net(test::small_swin(Version::v1, 7).image_height(224).image_width(224)) {
    test::fill_hashed(*net);
    SwinTransformer source(test::small_swin(Version::v1, 4).image_height(224).image_width(224));
    test::fill_hashed(*source);
    state = weights::state_dict_of(*source);
  }
  static constexpr const char* kTable = "layers.0.blocks.1.attn.relative_position_bias_table";
  SwinTransformer net;
  weights::StateDict state;
  std::vector<weights::Adaptation> log;
};

TEST_F(Adapted, TablesFollowTheOrigin) {
  const auto& tables = test::swin_golden().at("tables");
  for (const auto& [origin, rule] : std::map<std::string, std::string>{{"timm", "geometric"},
                                                                       {"", "geometric"},
                                                                       {"original", "bicubic"},
                                                                       {"hf", "bicubic"},
                                                                       {"torchvision", "bicubic"}}) {
    SCOPED_TRACE(origin);
    const auto golden = std::find_if(tables.begin(), tables.end(), [&](const auto& table) {
      return table.at("rule") == rule && table.at("old") == Size{4, 4} && table.at("new") == Size{7, 7};
    });
    ASSERT_NE(golden, tables.end());
    auto adapted = state;
    adapted["layers.1.blocks.0.attn.relative_position_bias_table"] = test::hashed({49, 2}, 5, 0, 3);
    log.clear();
    adapt(adapted, *net, {origin, &log});
    test::expect_close(adapted["layers.1.blocks.0.attn.relative_position_bias_table"],
                       test::tensor_of(golden->at("values")), 1e-6);
    EXPECT_EQ(log.size(), 8);
    EXPECT_NE(log.front().text.find("4x4 -> 7x7"), std::string::npos);
    SwinTransformer other(net->options);
    EXPECT_TRUE(weights::load_into(*other, adapted).is_complete());
  }
}

TEST_F(Adapted, TablesThatFitOrMakeNoSenseAreLeftAlone) {
  state[kTable] = test::hashed({169, 1}, 5);
  adapt(state, *net, {"timm", &log});
  EXPECT_EQ(log.size(), 7);
  state[kTable] = test::hashed({50, 1}, 5);
  adapt(state, *net, {"timm", &log});
  EXPECT_EQ(state[kTable].size(0), 50);
  state[kTable] = test::hashed({49}, 5);
  adapt(state, *net, {"timm", &log});
  EXPECT_EQ(state[kTable].dim(), 1);
}

TEST_F(Adapted, HeadsOf22kGiveTheRowsOf1k) {
  SwinTransformer thousand(test::small_swin(Version::v1).num_classes(1000));
  state["head.fc.weight"] = test::hashed({21841, 64}, 9);
  state["head.fc.bias"] = test::hashed({21841}, 10);
  const auto weight = state["head.fc.weight"], bias = state["head.fc.bias"];
  auto others = state;
  adapt_classes(others, *thousand, {"timm", &log});
  test::expect_equal(others["head.fc.weight"], weight);  // left to the loader
  EXPECT_TRUE(log.empty());
  adapt_classes(state, *thousand, {"original", &log});
  ASSERT_EQ(state["head.fc.weight"].sizes(), (std::vector<std::int64_t>{1000, 64}));
  EXPECT_EQ(log.size(), 1);
  // Tench, electric locomotive, toilet tissue.
  for (const auto& [row, source] : std::map<std::int64_t, std::int64_t>{{0, 359}, {547, 6615}, {999, 21817}}) {
    test::expect_equal(state["head.fc.weight"][row], weight[source]);
    test::expect_equal(state["head.fc.bias"][row], bias[source]);
  }
}

TEST_F(Adapted, OtherHeadsOfTheAuthorsStartAtZero) {
  adapt_classes(state, *net, {"original", &log});
  EXPECT_EQ(state["head.fc.weight"].size(0), 5);
  EXPECT_TRUE(log.empty());  // 5 classes both: nothing to do
  SwinTransformer nine(test::small_swin(Version::v1).num_classes(9));
  adapt_classes(state, *nine, {"original", &log});
  test::expect_equal(state["head.fc.weight"], at::zeros({9, 64}));
  test::expect_equal(state["head.fc.bias"], at::zeros({9}));
  EXPECT_EQ(log.size(), 1);
}

TEST(Rows22k, AreDistinctClasses) {
  const auto rows = imagenet22k_rows();
  EXPECT_EQ(rows.size(), 1000);
  EXPECT_EQ(std::set<std::int16_t>(rows.begin(), rows.end()).size(), 1000);
  EXPECT_GE(*std::min_element(rows.begin(), rows.end()), 0);
  EXPECT_LT(*std::max_element(rows.begin(), rows.end()), 21841);
}

}  // namespace
}  // namespace vitral::swin
