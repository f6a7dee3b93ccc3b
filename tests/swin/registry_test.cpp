#include "common/runtime/registry.h"

#include <gtest/gtest.h>

#include <map>

#include "common/nn/init.h"
#include "swin/register.h"
#include "swin/swin.h"

namespace vitral::swin {
namespace {

/// Learnt numbers by name, with the classes of the default file, as timm counts them.
const std::map<std::string, std::int64_t> kCounts{
    {"swin_tiny_patch4_window7_224", 28288354},
    {"swin_small_patch4_window7_224", 49606258},
    {"swin_base_patch4_window7_224", 87768224},
    {"swin_base_patch4_window12_384", 87903584},
    {"swin_large_patch4_window7_224", 196532476},
    {"swin_large_patch4_window12_384", 196735516},
    {"swin_s3_tiny_224", 28328674},
    {"swin_s3_small_224", 49737298},
    {"swin_s3_base_224", 71125762},
    {"swinv2_tiny_window8_256", 28347154},
    {"swinv2_tiny_window16_256", 28347154},
    {"swinv2_small_window8_256", 49728418},
    {"swinv2_small_window16_256", 49728418},
    {"swinv2_base_window8_256", 87918816},
    {"swinv2_base_window16_256", 87918816},
    {"swinv2_base_window12_192", 109280841},
    {"swinv2_large_window12_192", 228772549},
    {"swinv2_base_window12to16_192to256", 87918816},
    {"swinv2_base_window12to24_192to384", 87918816},
    {"swinv2_large_window12to16_192to256", 196739932},
    {"swinv2_large_window12to24_192to384", 196739932},
};

class SwinRegistry : public testing::Test {
 protected:
  SwinRegistry() { register_swin(registry); }
  Registry registry;
};

TEST_F(SwinRegistry, HasTheCountsOfTimm) {
  EXPECT_EQ(registry.entries().size(), kCounts.size());
  const nn::SkipInit no_random_numbers;
  for (const auto& entry : registry.entries()) {
    SCOPED_TRACE(entry->name);
    ASSERT_TRUE(kCounts.contains(entry->name));
    BuildOptions options;
    options.num_classes = entry->pretrained.front().num_classes;
    const auto net = entry->build_classifier(options);
    std::int64_t count = 0;
    for (const auto& parameter : net->module().parameters()) count += parameter.numel();
    EXPECT_EQ(count, kCounts.at(entry->name));
    EXPECT_EQ(count, entry->params);
  }
}

TEST_F(SwinRegistry, NamesOfTorchvisionStandForItsFiles) {
  for (const char* alias : {"swin_t", "swin_s", "swin_b", "swin_v2_t", "swin_v2_s", "swin_v2_b"}) {
    const auto resolved = registry.resolve(alias);
    ASSERT_NE(resolved.pretrained, nullptr) << alias;
    EXPECT_EQ(resolved.pretrained->origin, "torchvision");
    EXPECT_EQ(resolved.pretrained->hash.size(), 8);
    EXPECT_TRUE(resolved.pretrained->url.ends_with(".pth"));
  }
  EXPECT_EQ(registry.resolve("swin_v2_t").entry->name, "swinv2_tiny_window8_256");
}

TEST_F(SwinRegistry, PublishedFilesFitTheirNetworks) {
  for (const auto& entry : registry.entries()) {
    SCOPED_TRACE(entry->name);
    const auto net = std::dynamic_pointer_cast<SwinTransformerImpl>([&] {
      const nn::SkipInit no_random_numbers;
      return entry->build_classifier({.num_classes = 0});
    }());
    for (const auto& published : entry->pretrained) {
      EXPECT_EQ(published.preprocess.height, net->options.image_height()) << published.tag;
      EXPECT_TRUE(published.num_classes == 1000 || published.num_classes == 21841) << published.tag;
      EXPECT_TRUE(published.url.starts_with("https://")) << published.tag;
      EXPECT_EQ(published.licence.empty(), false);
    }
  }
}

TEST_F(SwinRegistry, BuildsWhatIsAskedFor) {
  const auto& entry = *registry.resolve("swin_tiny_patch4_window7_224").entry;
  BuildOptions options;
  options.num_classes = 7;
  options.in_chans = 1;
  options.image_size = {192, 160};
  options.origin = "torchvision";
  const auto net = std::dynamic_pointer_cast<SwinTransformerImpl>(entry.build_classifier(options));
  EXPECT_EQ(net->options.convention(), Convention::torchvision);
  EXPECT_EQ(net->forward(at::zeros({1, 1, 192, 160})).sizes(), (std::vector<std::int64_t>{1, 7}));
}

}  // namespace
}  // namespace vitral::swin
