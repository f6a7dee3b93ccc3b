#include "train/parameters.h"

#include "common/core/error.h"
#include "swin/swin.h"
#include "tests/train/support.h"
#include "vit/vit.h"

namespace vitral::train {
namespace {

vit::VisionTransformer small_vit() {
  return vit::VisionTransformer(
      vit::VisionTransformerOptions().image_height(32).image_width(32).patch(8).dim(32).depth(3).heads(2).num_classes(
          5));
}

swin::SwinTransformer small_swin() {
  return swin::SwinTransformer(swin::SwinTransformerOptions()
                                   .image_height(32)
                                   .image_width(32)
                                   .patch(2)
                                   .dim(16)
                                   .depths({2, 2, 2, 1})
                                   .heads({1, 2, 2, 4})
                                   .windows({4, 4, 4, 4})
                                   .num_classes(5));
}

void expect_groups_of_timm(torch::nn::Module& network, const std::string& name) {
  const auto& golden = test::train_golden().at("groups").at(name);
  GroupRules rules;
  rules.weight_decay = 0.1;
  rules.layer_decay = 0.5;
  std::vector<std::string> decaying;
  std::size_t seen = 0;
  for (const auto& group : group_parameters(network, rules)) {
    for (const auto& each : group.names) {
      ++seen;
      if (group.weight_decay > 0) decaying.push_back(each);
      EXPECT_DOUBLE_EQ(group.lr_scale, golden.at("scales").at(each).get<double>()) << each;
    }
  }
  std::sort(decaying.begin(), decaying.end());
  EXPECT_EQ(decaying, golden.at("decaying").get<std::vector<std::string>>());
  EXPECT_EQ(seen, golden.at("scales").size());
}

TEST(Groups, AreThoseOfTimm) {
  expect_groups_of_timm(*small_vit(), "vit");
  expect_groups_of_timm(*small_swin(), "swin");
}

TEST(Groups, FrozenParametersDoNotLearn) {
  auto net = small_vit();
  GroupRules rules;
  rules.freeze = {"blocks.0.*", "patch_embed.proj.?ias"};
  for (const auto& group : group_parameters(*net, rules)) {
    for (const auto& name : group.names) {
      EXPECT_FALSE(name.starts_with("blocks.0."));
      EXPECT_NE(name, "patch_embed.proj.bias");
    }
  }
  EXPECT_FALSE(net->patch_embed->proj->bias.requires_grad());
  EXPECT_TRUE(net->patch_embed->proj->weight.requires_grad());
}

TEST(Groups, APatternThatNamesNothingIsRefused) {
  GroupRules rules;
  rules.freeze = {"block.*"};
  EXPECT_THROW(group_parameters(*small_vit(), rules), Error);
  rules.freeze = {"*"};
  EXPECT_THROW(group_parameters(*small_vit(), rules), Error);
}

TEST(Groups, PatternsMatchWholeNames) {
  EXPECT_TRUE(matches_pattern("*", ""));
  EXPECT_TRUE(matches_pattern("a*b?d", "axxbcd"));
  EXPECT_TRUE(matches_pattern("*.bias", "head.bias"));
  EXPECT_FALSE(matches_pattern("a", "ab"));
  EXPECT_FALSE(matches_pattern("?", ""));
  EXPECT_FALSE(matches_pattern("a*c", "ab"));
}

}  // namespace
}  // namespace vitral::train
