#include "common/weights/keymap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/core/error.h"
#include "common/weights/pattern.h"

namespace vitral::weights {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using Names = std::vector<std::string>;

/// The name that `to` makes of what `from` reads in `name`, or "-".
std::string turned(const char* from, const char* to, const char* name) {
  const auto values = Pattern(from).match(name);
  return values ? Pattern(to).fill(*values).value_or("-") : "-";
}

TEST(Pattern, Numbers) {
  EXPECT_EQ(turned("a.{i}.b", "x{i}", "a.12.b"), "x12");
  EXPECT_EQ(turned("a.{i}.b", "x{i}", "a..b"), "-");
  EXPECT_EQ(turned("a.{i}.b", "x{i}", "a.1x.b"), "-");
  EXPECT_EQ(turned("a.{i}.b", "x{i}", "a.01.b"), "-") << "a leading zero would not come back";
  EXPECT_EQ(turned("a.{i}.b", "x{i}", "a.-1.b"), "-");
  EXPECT_EQ(turned("a.{i}.b", "x{i}", "a.99999999999999999999.b"), "-");
  EXPECT_EQ(turned("{i}", "{i}", "0"), "0");
  EXPECT_EQ(turned("{i}.{i}", "{i}", "3.3"), "3");
  EXPECT_EQ(turned("{i}.{i}", "{i}", "3.4"), "-") << "one letter is one number";
  EXPECT_EQ(turned("layer{l}.{b}", "{b}.{l}", "layer10.2"), "2.10");
}

TEST(Pattern, Arithmetic) {
  EXPECT_EQ(turned("s.{i}", "t.{i+1}", "s.0"), "t.1");
  EXPECT_EQ(turned("t.{i+1}", "s.{i}", "t.1"), "s.0");
  EXPECT_EQ(turned("t.{i+1}", "s.{i}", "t.0"), "-");
  EXPECT_EQ(turned("s.{i}", "t.{i-1}", "s.0"), "-") << "a negative number has no name";
  EXPECT_EQ(turned("f.{2s+1}.x", "l.{s}.x", "f.5.x"), "l.2.x");
  EXPECT_EQ(turned("f.{2s+1}.x", "l.{s}.x", "f.4.x"), "-");
  EXPECT_EQ(turned("f.{2s+2}.x", "l.{s}.x", "f.4.x"), "l.1.x");
  EXPECT_EQ(turned("f.{2s+2}.x", "l.{s}.x", "f.0.x"), "-");
  EXPECT_EQ(turned("l.{s}.x", "f.{2s+1}.x", "l.3.x"), "f.7.x");
  EXPECT_EQ(turned("{3a+2}", "{a}", "11"), "3");
}

TEST(Pattern, Rest) {
  EXPECT_EQ(turned("norm.{p}", "ln.{p}", "norm.weight"), "ln.weight");
  EXPECT_EQ(turned("norm.{p}", "ln.{p}", "norm."), "-") << "the rest is not empty";
  EXPECT_EQ(turned("{p}.gamma", "{p}.weight", "a.b.gamma"), "a.b.weight");
  EXPECT_EQ(turned("{p}.gamma", "{p}.weight", "a.gamma.gamma"), "a.gamma.weight");
  EXPECT_EQ(turned("{p}.{i}", "{i}.{p}", "a.1.2"), "2.a.1");
  EXPECT_EQ(turned("{p}", "{p}", "x"), "x");
}

TEST(Pattern, Alternatives) {
  EXPECT_EQ(turned("(vit.|)norm.{p}", "{p}", "vit.norm.weight"), "weight");
  EXPECT_EQ(turned("(vit.|)norm.{p}", "{p}", "norm.weight"), "weight");
  EXPECT_EQ(turned("(vit.|)norm.{p}", "{p}", "deit.norm.weight"), "-");
  EXPECT_EQ(turned("x.{p}", "mlp.(0|linear_1).{p}", "x.bias"), "mlp.0.bias") << "the first alternative is written";
  EXPECT_EQ(turned("(a|b)(c|d)", "same", "bd"), "same");
  EXPECT_THAT(Pattern("(a|b)(|c){i}").spellings({{{'i', 7}}, {}}), ElementsAre("a7", "ac7", "b7", "bc7"));
}

TEST(Pattern, MalformedOnesAreRefused) {
  for (const char* text : {"a.{i", "a.{}", "a.{I}", "{i*2}", "{2}", "{i+}", "{i+x}", "{0i}", "{2p}", "{p+1}", "{p}.{p}",
                           "(a|b", "({i}|b)", "{ij}"}) {
    EXPECT_THROW(Pattern{text}, Error) << text;
  }
}

// A table with everything in it -------------------------------------------------------------------------------------

constexpr Rule kBlock[] = {
    rename("layernorm_before.{p}", "norm1.{p}"),
    pack("attention.query.{p}", "attention.key.{p}", "attention.value.{p}", "attn.qkv.{p}"),
    rename("(intermediate|legacy).dense.{p}", "mlp.fc1.{p}"),
    drop("{p}.buffer"),
};
constexpr Rule kTop[] = {
    rename("cls", "cls_token", Transform::lead_one),     rename("downsample.{s}.{p}", "layers.{s+1}.downsample.{p}"),
    unpack("relative.bias", "q_bias", "", "v_bias"),     rename("decoder.class_embed.{i}.{p}", "class_embed.{i}.{p}"),
    spare("class_embed.{i}.{p}", "class_embed.{i}.{p}"), tie("class_embed.{i}.{p}", "class_embed.0.{p}"),
};
constexpr RuleGroup kGroups[] = {{"(net.|)encoder.{i}.", "blocks.{i}.", kBlock}, {"(net.|)", "", kTop}};
constexpr std::string_view kMarks[] = {"(net.|)cls", "(net.|)encoder.0.layernorm_before.weight", "!stranger"};
constexpr KeyMap kMap{"test", kMarks, kGroups};

Plan to_ours(const Names& names, const Names& expected = {}) {
  return plan(names, kMap, Direction::to_ours, expected);
}
Plan to_theirs(const Names& names) {
  return plan(names, kMap, Direction::to_theirs);
}

/// "a+b -> c" for every step.
Names steps(const Plan& plan) {
  Names lines;
  const auto joined = [](const Names& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : "+") + (name.empty() ? std::string("0") : name);
    return text;
  };
  for (const auto& step : plan.steps) lines.push_back(joined(step.sources) + " -> " + joined(step.targets));
  return lines;
}

TEST(KeyMap, TestTableIsValid) {
  EXPECT_NO_THROW(validate(kMap));
}

TEST(KeyMap, Renames) {
  const Plan plan =
      to_ours({"net.encoder.3.layernorm_before.weight", "encoder.0.legacy.dense.bias", "net.downsample.0.norm.weight"});
  EXPECT_THAT(steps(plan), ElementsAre("net.encoder.3.layernorm_before.weight -> blocks.3.norm1.weight",
                                       "encoder.0.legacy.dense.bias -> blocks.0.mlp.fc1.bias",
                                       "net.downsample.0.norm.weight -> layers.1.downsample.norm.weight"));
  EXPECT_TRUE(plan.is_clean());
  EXPECT_EQ(plan.origin, "test");
}

TEST(KeyMap, PacksWhateverTheOrder) {
  const Plan plan =
      to_ours({"encoder.1.attention.value.bias", "encoder.1.attention.query.bias", "encoder.1.attention.key.bias"});
  EXPECT_THAT(steps(plan),
              ElementsAre("encoder.1.attention.query.bias+encoder.1.attention.key.bias+encoder.1.attention.value.bias"
                          " -> blocks.1.attn.qkv.bias"));
  EXPECT_TRUE(plan.is_clean());
}

TEST(KeyMap, AnIncompletePackIsReported) {
  const Plan plan = to_ours({"encoder.1.attention.query.bias", "encoder.1.attention.value.bias"});
  EXPECT_THAT(plan.incomplete, ElementsAre("net.encoder.1.attention.key.bias"));
  EXPECT_THAT(plan.unmatched, ElementsAre("encoder.1.attention.query.bias", "encoder.1.attention.value.bias"));
  EXPECT_THAT(plan.steps, IsEmpty());
  EXPECT_FALSE(plan.is_clean());
}

TEST(KeyMap, UnpacksAndDropsThePartThatIsNone) {
  const Plan plan = to_ours({"relative.bias"});
  EXPECT_THAT(steps(plan), ElementsAre("relative.bias -> q_bias+0+v_bias"));
  EXPECT_THAT(steps(to_theirs({"v_bias", "q_bias"})), ElementsAre("q_bias+0+v_bias -> net.relative.bias"));
}

TEST(KeyMap, TransformsGoBothWays) {
  const Plan forth = to_ours({"cls"});
  ASSERT_EQ(forth.steps.size(), 1u);
  EXPECT_EQ(forth.steps[0].transform, Transform::lead_one);
  EXPECT_FALSE(forth.steps[0].undo);
  EXPECT_FALSE(forth.steps[0].is_plain());
  EXPECT_TRUE(to_theirs({"cls_token"}).steps.at(0).undo);
}

TEST(KeyMap, DropsBuffers) {
  const Plan plan =
      to_ours({"encoder.0.x.buffer", "bn1.num_batches_tracked", "a.relative_position_index", "attn_mask"});
  EXPECT_THAT(plan.dropped, UnorderedElementsAre("encoder.0.x.buffer", "bn1.num_batches_tracked",
                                                 "a.relative_position_index", "attn_mask"));
  EXPECT_TRUE(plan.is_clean());
  EXPECT_FALSE(carries_no_weights("running_mean"));
  EXPECT_FALSE(carries_no_weights("my_attn_mask"));
  EXPECT_TRUE(carries_no_weights("layers.0.blocks.1.attn_mask"));
}

TEST(KeyMap, UnknownNamesAreReported) {
  EXPECT_THAT(to_ours({"stranger", "encoder.x.layernorm_before.weight"}).unmatched,
              ElementsAre("stranger", "encoder.x.layernorm_before.weight"));
}

TEST(KeyMap, TwoNamesForOneTargetConflict) {
  const Plan plan = to_ours({"net.encoder.0.layernorm_before.weight", "encoder.0.layernorm_before.weight"});
  EXPECT_EQ(plan.steps.size(), 1u);
  EXPECT_THAT(plan.conflicting, ElementsAre("encoder.0.layernorm_before.weight"));
  EXPECT_FALSE(plan.is_clean());
}

TEST(KeyMap, SparesYieldAndStandIn) {
  const Plan both = to_ours({"class_embed.0.w", "decoder.class_embed.0.w"});
  EXPECT_THAT(steps(both), ElementsAre("decoder.class_embed.0.w -> class_embed.0.w"));
  EXPECT_THAT(both.dropped, ElementsAre("class_embed.0.w"));
  EXPECT_TRUE(both.is_clean());
  EXPECT_THAT(steps(to_ours({"class_embed.0.w"})), ElementsAre("class_embed.0.w -> class_embed.0.w"));
  EXPECT_THAT(steps(to_theirs({"class_embed.2.w"})), ElementsAre("class_embed.2.w -> net.decoder.class_embed.2.w"))
      << "a spare is never written";
}

TEST(KeyMap, TiesFillWhatIsExpected) {
  const Plan plan =
      to_ours({"decoder.class_embed.0.w"}, {"class_embed.0.w", "class_embed.1.w", "class_embed.2.w", "other"});
  EXPECT_THAT(steps(plan),
              ElementsAre("decoder.class_embed.0.w -> class_embed.0.w", "decoder.class_embed.0.w -> class_embed.1.w",
                          "decoder.class_embed.0.w -> class_embed.2.w"));
  EXPECT_TRUE(plan.steps[1].copy && plan.steps[2].copy && !plan.steps[0].copy);
  EXPECT_EQ(to_ours({"decoder.class_embed.0.w"}).steps.size(), 1u) << "without expectations nothing is filled";
}

TEST(KeyMap, ThereAndBackAgain) {
  const Names theirs = {"net.cls",
                        "net.encoder.0.layernorm_before.weight",
                        "net.encoder.0.intermediate.dense.bias",
                        "net.encoder.0.attention.query.weight",
                        "net.encoder.0.attention.key.weight",
                        "net.encoder.0.attention.value.weight",
                        "net.downsample.2.norm.bias",
                        "net.relative.bias",
                        "net.decoder.class_embed.5.bias"};
  Names ours, back;
  for (const auto& step : to_ours(theirs).steps) {
    for (const auto& target : step.targets) {
      if (!target.empty()) ours.push_back(target);
    }
  }
  const Plan reverse = to_theirs(ours);
  EXPECT_TRUE(reverse.is_clean());
  for (const auto& step : reverse.steps) back.insert(back.end(), step.targets.begin(), step.targets.end());
  EXPECT_THAT(back, ::testing::UnorderedElementsAreArray(theirs));
}

TEST(KeyMap, Detection) {
  const Names good = {"cls", "encoder.0.layernorm_before.weight"},
              stranger = {"cls", "encoder.0.layernorm_before.weight", "stranger"};
  EXPECT_TRUE(detect(good, kMap));
  EXPECT_FALSE(detect(stranger, kMap));
  EXPECT_FALSE(detect(Names{"cls"}, kMap));
  const KeyMap maps[] = {{"other", kMarks, {}}, kMap};
  EXPECT_EQ(detect(good, maps), &maps[0]) << "the first one counts";
  EXPECT_EQ(detect(Names{"x"}, maps), nullptr);
}

TEST(KeyMap, TablesThatCantBeTurnedRoundAreRefused) {
  const auto check = [](const Rule& rule) {
    const RuleGroup group{"", "", std::span(&rule, 1)};
    validate({"bad", {}, std::span(&group, 1)});
  };
  EXPECT_NO_THROW(check(rename("a.{i}", "b.{i}")));
  EXPECT_THROW(check(rename("a.{i}", "b")), Error);
  EXPECT_THROW(check(rename("a", "b.{i}")), Error);
  EXPECT_THROW(check(rename("a.{p}", "b.{i}")), Error);
  EXPECT_THROW(check(pack("q.{i}", "k", "v.{i}", "qkv.{i}")), Error);
  EXPECT_THROW(check(rename("a.{", "b")), Error);
  EXPECT_NO_THROW(check(drop("{p}.x")));
  EXPECT_NO_THROW(check(tie("c.{i}.{p}", "c.0.{p}")));
  EXPECT_THROW(check(tie("c.0.{p}", "c.{i}.{p}")), Error);
}

}  // namespace
}  // namespace vitral::weights
