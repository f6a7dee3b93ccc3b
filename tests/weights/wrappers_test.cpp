/// Where training scripts put the weights, and files that are made of several.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/weights/files.h"

namespace vitral::weights::build {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

using Shards = Files;

Checkpoint opened(const Op& value) {
  return open_copy(torch_zip(value, pair_storage()));
}

TEST(Wrappers, AreTakenOffAndNamed) {
  const Op inner = dict({{text("w"), pair_tensor()}});
  const auto one = [&](const char* key) { return opened(dict({{text("epoch"), integer(3)}, {text(key), inner}})); };
  for (const char* key : {"model_ema", "state_dict_ema", "model", "state_dict", "params"}) {
    const Checkpoint checkpoint = one(key);
    EXPECT_THAT(checkpoint.unwrapped, ElementsAre(key));
    EXPECT_THAT(checkpoint.names(), ElementsAre("w"));
    EXPECT_THAT(checkpoint.metadata, ElementsAre(Pair("epoch", "3")));
  }
  EXPECT_THAT(opened(dict({{text("ema"), dict({{text("module"), inner}})}})).unwrapped, ElementsAre("ema", "module"));
  EXPECT_THAT(opened(dict({{text("opt"), dict({{text("target"), inner}})}})).unwrapped, ElementsAre("opt", "target"));
  EXPECT_THAT(opened(dict({{text("model"), dict({{text("state_dict"), inner}})}})).unwrapped,
              ElementsAre("model", "state_dict"));
}

TEST(Wrappers, PreferTheAveragedWeights) {
  const Op plain = dict({{text("w"), pair_tensor()}}), averaged = dict({{text("v"), pair_tensor()}});
  EXPECT_THAT(opened(dict({{text("model"), plain}, {text("ema"), dict({{text("module"), averaged}})}})).names(),
              ElementsAre("v"));
  EXPECT_THAT(opened(dict({{text("state_dict"), plain}, {text("state_dict_ema"), averaged}})).names(),
              ElementsAre("v"));
}

TEST(Wrappers, AWrapperWithoutTensorsIsNone) {
  const Checkpoint checkpoint =
      opened(dict({{text("model"), text("vit")}, {text("state_dict"), dict({})}, {text("w"), pair_tensor()}}));
  EXPECT_THAT(checkpoint.unwrapped, IsEmpty());
  EXPECT_THAT(checkpoint.names(), ElementsAre("w"));
  EXPECT_THAT(checkpoint.metadata, ElementsAre(Pair("model", "vit")));
}

TEST(Wrappers, WhatLiesBesideIsListed) {
  const Op optimizer = dict({{text("state"), dict({{integer(0), dict({{text("exp_avg"), pair_tensor()}})}})},
                             {text("param_groups"), list({})}});
  const Checkpoint checkpoint =
      opened(dict({{text("model"), dict({{text("w"), pair_tensor()}})},
                   {text("optimizer"), optimizer},
                   {text("args"), object(global("argparse", "Namespace"), dict({{text("lr"), integer(1)}}))},
                   {text("best"), "G" + Bytes("\x3F\xE0\0\0\0\0\0\0", 8)},
                   {text("done"), boolean(true)}}));
  EXPECT_THAT(checkpoint.names(), ElementsAre("w"));
  EXPECT_THAT(checkpoint.ignored, ElementsAre("optimizer (a dict)", "args (argparse.Namespace)"));
  EXPECT_THAT(checkpoint.metadata, UnorderedElementsAre(Pair("best", "0.500000"), Pair("done", "true")));
}

TEST(Wrappers, NestedStateDictsGetDottedNames) {
  const Op part = dict({{text("w"), pair_tensor()}});
  const Op optimizer = dict({{text("state"), dict({{integer(0), pair_tensor()}})}});
  const Checkpoint checkpoint = opened(
      dict({{text("student"), part}, {text("teacher"), dict({{text("head"), part}})}, {text("optimizer"), optimizer}}));
  EXPECT_THAT(checkpoint.names(), ElementsAre("student.w", "teacher.head.w"));
}

TEST(Wrappers, PrefixesOfEveryNameAreStripped) {
  const auto strip = [](std::initializer_list<std::pair<Op, Op>> items) { return opened(dict(items)); };
  Checkpoint checkpoint = strip({{text("module.a"), pair_tensor()}, {text("module.b.c"), pair_tensor()}});
  EXPECT_THAT(checkpoint.names(), ElementsAre("a", "b.c"));
  EXPECT_EQ(checkpoint.stripped, "module.");
  checkpoint = strip({{text("_orig_mod.module.a"), pair_tensor()}});
  EXPECT_THAT(checkpoint.names(), ElementsAre("a"));
  EXPECT_EQ(checkpoint.stripped, "_orig_mod.module.");
  checkpoint = strip({{text("module.a"), pair_tensor()}, {text("b"), pair_tensor()}});
  EXPECT_THAT(checkpoint.names(), ElementsAre("module.a", "b"));
  EXPECT_EQ(checkpoint.stripped, "");
}

TEST(WholeModules, BecomeTheirStateDict) {
  const auto module = [](const Op& parameters, const Op& buffers, const Op& modules, const Op& hidden) {
    return object(global("__main__", "Net"), dict({{text("training"), boolean(false)},
                                                   {text("_parameters"), parameters},
                                                   {text("_buffers"), buffers},
                                                   {text("_modules"), modules},
                                                   {text("_non_persistent_buffers_set"), hidden}}));
  };
  const Op no_set = reduce(global("builtins", "set"), ")");
  const Op leaf = module(dict({{text("weight"), pair_tensor()}, {text("bias"), none()}}), "}", "}", no_set);
  const Op buffers = dict({{text("mean"), pair_tensor()}, {text("scratch"), pair_tensor()}});
  const Op root = module("}", buffers, ordered_dict({{text("fc"), leaf}}),
                         reduce(global("builtins", "set"), tuple({list({text("scratch")})})));
  EXPECT_THAT(opened(root).names(), ElementsAre("mean", "fc.weight"));
  EXPECT_THAT(opened(dict({{text("model"), root}, {text("epoch"), integer(1)}})).names(),
              ElementsAre("mean", "fc.weight"));
}

// Shards ------------------------------------------------------------------------------------------------------------

Fault refused(const std::filesystem::path& path) {
  try {
    open(path);
  } catch (const FormatError& error) {
    return error.fault();
  }
  ADD_FAILURE() << path << " was accepted";
  return Fault::unknown_container;
}

TEST_F(Shards, AreOneCheckpoint) {
  write("m-1.safetensors", one_tensor("\"U8\"", "[1]", "[0,1]", "x"));
  const std::vector<NamedTensor> second{made("b", Dtype::f32, {2}), made("c", Dtype::f32, {2}),
                                        made("extra", Dtype::u8, {1})};
  write_safetensors(folder_ / "m-2.safetensors", second, {{"format", "pt"}});
  const auto index = write(
      "m.safetensors.index.json",
      R"({"metadata":{"total_size":17},"weight_map":{"t":"m-1.safetensors","b":"m-2.safetensors","c":"m-2.safetensors"}})");
  const Checkpoint checkpoint = open(index);
  EXPECT_EQ(checkpoint.container, Container::safetensors_index);
  EXPECT_THAT(checkpoint.names(), UnorderedElementsAre("t", "b", "c"));
  EXPECT_EQ(bytes_of(*checkpoint.find("t")), "x");
  EXPECT_THAT(checkpoint.ignored, ElementsAre(HasSubstr("extra")));
  EXPECT_THAT(checkpoint.metadata, ElementsAre(Pair("format", "pt")));
  EXPECT_EQ(checkpoint.files.size(), 3u);
}

TEST_F(Shards, FollowSymbolicLinksAsCachesMakeThem) {
  std::filesystem::create_directories(folder_ / "blobs");
  write("blobs/abc", one_tensor("\"U8\"", "[1]", "[0,1]", "x"));
  std::filesystem::create_symlink("blobs/abc", folder_ / "m-1.safetensors");
  EXPECT_EQ(open(write("i.json", R"({"weight_map":{"t":"m-1.safetensors"}})")).tensors.size(), 1u);
}

TEST_F(Shards, MayBeTorchFiles) {
  write("m-1.bin", torch_zip(dict({{text("w"), pair_tensor()}}), pair_storage()));
  EXPECT_THAT(open(write("i.json", R"({"weight_map":{"w":"m-1.bin"}})")).names(), ElementsAre("w"));
}

TEST_F(Shards, LeadNowhereElse) {
  write("outside.safetensors", one_tensor("\"U8\"", "[1]", "[0,1]", "x"));
  std::filesystem::create_directories(folder_ / "inner");
  for (const std::string name :
       {"../outside.safetensors", "/etc/passwd", "a/b", "..", ".", "", "https://host/x", "a\\\\b", "a\\u0000b"}) {
    EXPECT_EQ(to_string(refused(write("inner/i.json", "{\"weight_map\":{\"t\":\"" + name + "\"}}"))), "bad_path")
        << name;
  }
}

TEST_F(Shards, Damage) {
  write("m.safetensors", one_tensor("\"U8\"", "[1]", "[0,1]", "x"));
  const auto fault = [&](const std::string& json) { return std::string(to_string(refused(write("i.json", json)))); };
  EXPECT_EQ(fault(R"({"weight_map":{"absent":"m.safetensors"}})"), "missing_member");
  EXPECT_EQ(fault(R"({"weight_map":{"t":1}})"), "bad_header");
  EXPECT_EQ(fault(R"({"weight_map":[]})"), "unknown_container");
  EXPECT_EQ(fault(R"({"weights":{}})"), "unknown_container");
  EXPECT_EQ(fault(R"({"weight_map":{}})"), "no_tensors");
  EXPECT_EQ(fault(R"({"weight_map":{"t":"m.safetensors","t":"m.safetensors"}})"), "bad_json");
  EXPECT_EQ(fault(R"({"weight_map":{"t":"m.safetensors"}} x)"), "bad_json");
  EXPECT_EQ(fault(R"({"weight_map":{"t":"i.json"}})"), "bad_path");
  EXPECT_EQ(fault("{\"weight_map\":" + repeat("[", 100) + repeat("]", 100) + "}"), "limit");
  EXPECT_THROW(open(write("i.json", R"({"weight_map":{"t":"missing.safetensors"}})")), Error);
  std::filesystem::create_directories(folder_ / "folder");
  EXPECT_THROW(open(write("i.json", R"({"weight_map":{"t":"folder"}})")), Error);
}

}  // namespace
}  // namespace vitral::weights::build
