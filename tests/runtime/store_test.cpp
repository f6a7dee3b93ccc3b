#include "common/runtime/store.h"

#include <gtest/gtest.h>

#include <map>

#include "apps/registry.h"

namespace vitral {
namespace {

ModelStore store_of(const std::map<std::string, std::string>& environment) {
  return ModelStore::of_user([&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  });
}

TEST(ModelStore, LiesWhereTheUserSays) {
  EXPECT_EQ(store_of({{"VITRAL_HOME", "/a"}, {"XDG_DATA_HOME", "/b"}, {"HOME", "/c"}}).root(), "/a");
  EXPECT_EQ(store_of({{"XDG_DATA_HOME", "/b"}, {"HOME", "/c"}}).root(), "/b/vitral");
  EXPECT_EQ(store_of({{"XDG_DATA_HOME", "relative"}, {"HOME", "/c"}}).root(), "/c/.local/share/vitral");
  EXPECT_EQ(store_of({}).root(), "");
}

// Two tags of one entry may share a path only where they are the same file; every published file has a host of its own.
TEST(ModelStore, GivesEveryPublishedFileItsOwnPath) {
  const auto registry = apps::make_registry();
  const ModelStore store("/store");
  std::map<std::string, std::string> urls;
  std::size_t files = 0;
  for (const auto& entry : registry->entries()) {
    for (const auto& published : entry->pretrained) {
      EXPECT_FALSE(published.licence.empty()) << entry->name;
      EXPECT_FALSE(published.origin.empty()) << entry->name;
      if (published.url.empty()) continue;
      ++files;
      EXPECT_TRUE(published.url.starts_with("https://")) << published.url;
      EXPECT_TRUE(published.url.ends_with("/" + file_name(published))) << published.url;
      const auto path = store.path_of(*entry, published).string();
      EXPECT_TRUE(path.starts_with("/store/models/" + entry->name + "/")) << path;
      EXPECT_EQ(path.find(".."), std::string::npos) << path;
      const auto [found, added] = urls.emplace(path, published.url);
      EXPECT_EQ(found->second, published.url) << path << " stands for two files";
    }
  }
  EXPECT_GT(files, 200u);
}

TEST(ModelStore, APlainNameStandsForTheFirstFile) {
  const auto registry = apps::make_registry();
  const auto plain = registry->resolve("resnet50");
  EXPECT_EQ(published_file(plain), &plain.entry->pretrained.front());
  EXPECT_EQ(published_file(registry->resolve("resnet50.tv_in1k"))->file, "resnet50-0676ba61.pth");
  EXPECT_EQ(published_file(registry->resolve("vit_b_16"))->file, "vit_b_16-c867db91.pth");
  EXPECT_EQ(published_file(registry->resolve("efficientnet_lite1")), nullptr);
}

}  // namespace
}  // namespace vitral
