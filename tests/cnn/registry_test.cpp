#include <gtest/gtest.h>

#include <map>

#include "cnn/register.h"
#include "common/nn/init.h"

namespace vitral::cnn {
namespace {

// timm 1.0: sum(p.numel() for p in create_model(name).parameters())
const std::map<std::string, std::int64_t> kCounts = {
    {"resnet18", 11689512},           {"resnet34", 21797672},
    {"resnet50", 25557032},           {"resnet101", 44549160},
    {"resnet152", 60192808},          {"resnet18d", 11708744},
    {"resnet34d", 21816904},          {"resnet50d", 25576264},
    {"resnet101d", 44568392},         {"resnet152d", 60212040},
    {"efficientnet_lite0", 4652008},  {"tf_efficientnet_lite0", 4652008},
    {"efficientnet_lite1", 5416680},  {"tf_efficientnet_lite1", 5416680},
    {"efficientnet_lite2", 6092072},  {"tf_efficientnet_lite2", 6092072},
    {"efficientnet_lite3", 8197096},  {"tf_efficientnet_lite3", 8197096},
    {"efficientnet_lite4", 13006568}, {"tf_efficientnet_lite4", 13006568},
};

class CnnRegistry : public testing::Test {
 protected:
  CnnRegistry() { register_cnn(registry); }
  const ModelEntry& entry(const std::string& name) { return *registry.resolve(name).entry; }
  Registry registry;
};

TEST_F(CnnRegistry, HasTheCountsOfTimm) {
  EXPECT_EQ(registry.entries().size(), kCounts.size());
  const nn::SkipInit no_random_numbers;
  for (const auto& entry : registry.entries()) {
    SCOPED_TRACE(entry->name);
    ASSERT_TRUE(kCounts.contains(entry->name));
    const auto net = entry->build_classifier({});
    std::int64_t count = 0;
    for (const auto& parameter : net->module().parameters()) count += parameter.numel();
    EXPECT_EQ(count, kCounts.at(entry->name));
    EXPECT_EQ(count, entry->params);
  }
}

TEST_F(CnnRegistry, PublishedFilesAreNamedWithTheirLicence) {
  for (const auto& entry : registry.entries()) {
    for (const auto& published : entry->pretrained) {
      SCOPED_TRACE(entry->name + "." + published.tag);
      EXPECT_FALSE(published.licence.empty());
      EXPECT_EQ(published.num_classes, 1000);
      if (published.tag == "untrained" || published.tag == "original") {
        EXPECT_TRUE(published.url.empty());
        continue;
      }
      EXPECT_TRUE(published.url.starts_with("https://"));
      EXPECT_EQ(published.hash.size(), published.file.ends_with(".pth") ? 8U : 0U);
    }
    EXPECT_EQ(entry->labels, "imagenet1k");
  }
}

TEST_F(CnnRegistry, PlainNamesPrepareAsTimmsFirstTag) {
  const auto& preprocess = entry("resnet50").preprocess();
  EXPECT_EQ(entry("resnet50").pretrained.front().tag, "a1_in1k");
  EXPECT_EQ(preprocess.rule, ResizeRule::timm);
  EXPECT_EQ(preprocess.height, 224);
  EXPECT_EQ(preprocess.crop_pct, 0.95);
  EXPECT_EQ(preprocess.interpolation, Interpolation::bicubic);
}

// The same file, prepared as torchvision does or as timm does, by whose name it was asked for.
TEST_F(CnnRegistry, TorchvisionsRowsFollowTorchvisionsRule) {
  const auto* v1 = entry("resnet50").find_origin("torchvision");
  ASSERT_NE(v1, nullptr);
  EXPECT_EQ(v1->file, "resnet50-0676ba61.pth");
  EXPECT_EQ(v1->hash, "0676ba61");
  EXPECT_EQ(v1->preprocess.rule, ResizeRule::torchvision);
  EXPECT_EQ(v1->preprocess.resize, 256);
  EXPECT_EQ(v1->preprocess.interpolation, Interpolation::bilinear);
  const auto* v2 = registry.resolve("resnet50.imagenet1k_v2").pretrained;
  ASSERT_NE(v2, nullptr);
  EXPECT_EQ(v2->preprocess.resize, 232);
  const auto* timms = registry.resolve("resnet50.tv_in1k").pretrained;
  ASSERT_NE(timms, nullptr);
  EXPECT_EQ(timms->file, v1->file);
  EXPECT_EQ(timms->preprocess.rule, ResizeRule::timm);
}

TEST_F(CnnRegistry, TransformersCropFromTheShortSide) {
  const auto* hub = entry("resnet50").find_origin("hf");
  ASSERT_NE(hub, nullptr);
  EXPECT_EQ(hub->tag, "microsoft/resnet-50");
  EXPECT_EQ(hub->preprocess.rule, ResizeRule::convnext);
  EXPECT_EQ(hub->preprocess.resize, 256);
}

TEST_F(CnnRegistry, TheConvertedLite0IsPreparedAsTensorFlows) {
  for (const char* name : {"efficientnet_lite0", "tf_efficientnet_lite0"}) {
    const auto* original = entry(name).find_origin("original");
    ASSERT_NE(original, nullptr) << name;
    EXPECT_EQ(original->preprocess, entry("tf_efficientnet_lite0").preprocess());
  }
}

TEST_F(CnnRegistry, BuildsWhatIsAskedFor) {
  for (const char* name : {"resnet18", "resnet18d", "efficientnet_lite0"}) {
    BuildOptions options;
    options.num_classes = 7;
    options.in_chans = 1;
    const auto net = entry(name).build_classifier(options);
    net->module().eval();
    EXPECT_EQ(net->forward(at::zeros({1, 1, 40, 72})).sizes(), (std::vector<std::int64_t>{1, 7})) << name;
  }
}

}  // namespace
}  // namespace vitral::cnn
