#include "common/weights/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/weights/builders.h"

namespace vitral::weights {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

LoadReport damaged() {
  LoadReport report;
  report.file = "vit\x1b[31m.pth";
  report.container = "torch zip";
  report.origin = "torchvision";
  report.loaded = {"a", "b"};
  for (int i = 0; i < 7; ++i) report.missing.push_back("blocks." + std::to_string(i) + ".norm1.weight");
  report.unexpected = {"head.extra"};
  report.mismatched = {{"head.weight", {1000, 192}, {10, 192}}};
  report.adapted = {{"pos_embed", "14x14 -> 24x24, bicubic"}};
  report.renamed = {{"class_token", "cls_token"}};
  return report;
}

TEST(LoadReport, ProblemsAreOneLineWithTheFirstFive) {
  const std::string line = damaged().problems();
  EXPECT_EQ(line,
            "7 missing (blocks.0.norm1.weight; blocks.1.norm1.weight; blocks.2.norm1.weight; blocks.3.norm1.weight; "
            "blocks.4.norm1.weight; … 2 more), 1 unexpected (head.extra), "
            "1 of another shape (head.weight [1000, 192], expected [10, 192])");
  EXPECT_EQ(LoadReport{}.problems(), "");
}

TEST(LoadReport, TextNamesEverythingAndIsPrintable) {
  const std::string text = damaged().text(2);
  EXPECT_THAT(text, HasSubstr("keys of torchvision"));
  EXPECT_THAT(text, HasSubstr("loaded 2, renamed 1"));
  EXPECT_THAT(text, HasSubstr("missing 7:\n  blocks.0.norm1.weight\n  blocks.1.norm1.weight\n  … 5 more\n"));
  EXPECT_THAT(text, HasSubstr("pos_embed: 14x14 -> 24x24, bicubic"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(LoadReport, Json) {
  const auto json = damaged().json();
  EXPECT_EQ(json["origin"], "torchvision");
  EXPECT_EQ(json["missing"].size(), 7u);
  EXPECT_EQ(json["mismatched"][0]["found"], nlohmann::json({1000, 192}));
  EXPECT_EQ(json["renamed"][0]["to"], "cls_token");
  EXPECT_EQ(json["adapted"][0]["name"], "pos_embed");
  EXPECT_FALSE(json["complete"].get<bool>());
  EXPECT_NO_THROW(json.dump());
}

TEST(LoadReport, NamesThatAreNoTextDoNotBreakJson) {
  LoadReport report;
  report.unexpected = {"\xFF\xFE"};
  EXPECT_NO_THROW(report.json().dump());
}

TEST(LoadReport, BeginsWithTheCheckpointAndThePlan) {
  using namespace build;
  const Checkpoint checkpoint =
      open_copy(torch_zip(dict({{text("model"), dict({{text("module.w"), pair_tensor()}})}}), pair_storage()));
  Plan plan;
  plan.origin = "timm";
  plan.steps = {{{"q", "k", "v"}, {"qkv"}}, {{"same"}, {"same"}}, {{"a"}, {"b"}}};
  plan.unmatched = {"x"};
  plan.conflicting = {"y"};
  plan.dropped = {"bn.num_batches_tracked"};
  const LoadReport report = begin_report(checkpoint, plan);
  EXPECT_EQ(report.container, "torch zip");
  EXPECT_THAT(report.unwrapped, ElementsAre("model"));
  EXPECT_EQ(report.stripped, "module.");
  EXPECT_THAT(report.unexpected, ElementsAre("x", "y"));
  ASSERT_EQ(report.renamed.size(), 2u);
  EXPECT_EQ(report.renamed[0].from, "q + k + v");
  EXPECT_FALSE(report.is_complete());
}

TEST(LoadError, CarriesTheReport) {
  const LoadError error(damaged());
  EXPECT_EQ(error.kind(), ErrorKind::weights);
  EXPECT_EQ(error.report().missing.size(), 7u);
  EXPECT_THAT(error.what(), HasSubstr("does not fit the model: 7 missing"));
  EXPECT_THAT(std::string(error.what()), Not(HasSubstr("\n")));
}

}  // namespace
}  // namespace vitral::weights
