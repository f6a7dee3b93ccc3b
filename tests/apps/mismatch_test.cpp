// A checkpoint that does not fit: exit 3, the first five mismatches with both shapes, and what would fit.
#include "apps/registry.h"
#include "common/runtime/convert.h"
#include "tests/apps/fixture.h"

namespace vitral::test {
namespace {

class Mismatch : public ProgramTest {
 protected:
  /// Random weights of `name` in timm's layout.
  void write(const std::string& file, const std::string& name, std::optional<std::int64_t> classes = {},
             std::optional<std::int64_t> size = {}, std::optional<std::int64_t> channels = {}) {
    const auto registry = apps::make_registry();
    LoadRequest request;
    request.model = name;
    request.allow_random = true;
    request.num_classes = classes;
    if (size) request.image_size = {*size, *size};
    request.in_chans = channels;
    convert_weights(load_model(*registry, request), "timm", folder / file, false);
  }

  Outcome classify(const std::string& name, const std::string& file, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"classify", "-m", name, "-w", file, "a.png"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
};

TEST_F(Mismatch, OfTheClassCount) {
  write("ten.safetensors", "vit_tiny_patch16_224", 10);
  const auto outcome = classify("vit_tiny_patch16_224", "ten.safetensors");
  expect_error(outcome, 3, "head.weight [10, 192], expected [1000, 192]");
  expect_error(outcome, 3, "it would fit with --num-classes 10");
  EXPECT_EQ(classify("vit_tiny_patch16_224", "ten.safetensors", {"--num-classes", "10"}).code, 0);
}

TEST_F(Mismatch, OfTheSize) {
  write("large.safetensors", "vit_tiny_patch16_384");
  const auto outcome = classify("vit_tiny_patch16_224", "large.safetensors");
  expect_error(outcome, 3, "pos_embed [1, 577, 192], expected [1, 197, 192]");
  expect_error(outcome, 3, "it would fit with --imgsz 384 or -m vit_tiny_patch16_384");
  EXPECT_EQ(classify("vit_tiny_patch16_224", "large.safetensors", {"--imgsz", "384"}).code, 0);
  EXPECT_EQ(classify("vit_tiny_patch16_384", "large.safetensors").code, 0);
}

TEST_F(Mismatch, OfTheChannels) {
  write("grey.safetensors", "vit_tiny_patch16_224", {}, {}, 1);
  expect_error(classify("vit_tiny_patch16_224", "grey.safetensors"), 3, "it would fit with --in-chans 1");
}

TEST_F(Mismatch, OfTheTaskSaysWhatTheFileIs) {
  write("classes.safetensors", "resnet50");
  const auto outcome = run({"detect", "-m", "detr_resnet50", "-w", "classes.safetensors", "a.png"});
  expect_error(outcome, 3, "it holds resnet50, a classifier");
  write("tokens.safetensors", "vit_tiny_patch16_224", 10);
  expect_error(classify("resnet18", "tokens.safetensors"), 3, "it holds vit_tiny_patch16_224, a classifier");
}

TEST_F(Mismatch, OfTheWidthShowsFiveAndCountsTheRest) {
  write("small.safetensors", "vit_small_patch16_224", 3);
  const auto outcome = classify("vit_tiny_patch16_224", "small.safetensors");
  expect_error(outcome, 3, "it would fit with -m vit_small_patch16_224 --num-classes 3");
  expect_error(outcome, 3, "152 of another shape");
  expect_error(outcome, 3, "147 more");
}

TEST_F(Mismatch, OfTheDepth) {
  write("deep.safetensors", "resnet34");
  expect_error(classify("resnet18", "deep.safetensors"), 3, "it would fit with -m resnet34");
  const auto checked = run({"weights", "check", "deep.safetensors", "-m", "resnet18"});
  EXPECT_EQ(checked.code, 3);
  EXPECT_NE(checked.err.find("-m resnet34"), std::string::npos) << checked.err;
}

}  // namespace
}  // namespace vitral::test
