// Whole networks from 8-bit levels and from floats: the same numbers. The GPU is none, tensors stay on the CPU.
#include "apps/levels.h"

#include <gtest/gtest.h>

#include <random>

#include "apps/collate.h"
#include "apps/registry.h"
#include "tests/runtime/fake_gpu.h"

namespace vitral::apps {
namespace {

image::Image noise(int width, int height) {
  std::mt19937 random(static_cast<unsigned>(width * 1000 + height));
  auto picture = image::Image::uninitialized(width, height);
  for (auto& level : picture.pixels) level = static_cast<std::uint8_t>(random());
  return picture;
}

struct Case {
  const char* model;
  std::array<std::int64_t, 2> size;
};

class FromLevels : public testing::TestWithParam<Case> {
 protected:
  FromLevels() {
    LoadRequest request;
    request.model = GetParam().model;
    request.allow_random = true;
    request.image_size = GetParam().size;
    model = load_model(*registry, request);
    model.prepare(at::kCPU, nn::Precision::fp32, {.gpu = gpu});
  }
  std::vector<PreparedInput> inputs(const MakeLevels& levels) const {
    std::vector<PreparedInput> all;
    const image::Preprocessor preprocessor(model.record.preprocess);
    for (const auto& [width, height] : {std::pair{90, 70}, {50, 81}, {64, 64}}) {
      PreparedPicture result;
      prepare(noise(width, height), preprocessor, {.levels = levels}, result);
      all.push_back(std::move(result.inputs.front()));
    }
    return all;
  }
  static std::vector<const PreparedInput*> pointers(const std::vector<PreparedInput>& inputs) {
    std::vector<const PreparedInput*> all;
    for (const auto& input : inputs) all.push_back(&input);
    return all;
  }
  std::shared_ptr<const Registry> registry = make_registry();
  std::shared_ptr<test::FakeGpu> gpu = std::make_shared<test::FakeGpu>();
  LoadedModel model;
};

TEST_P(FromLevels, ComeTheNumbersOfFloats) {
  const auto levels = levels_for(model);
  ASSERT_TRUE(levels);
  const auto floats = inputs({}), bytes = inputs(levels);
  for (const auto& input : bytes) EXPECT_TRUE(input.chw.empty());
  for (const std::size_t count : {1, 3}) {
    const auto expected_inputs = pointers(floats), got_inputs = pointers(bytes);
    const auto expected = collate(std::span(expected_inputs).first(count));
    const auto got = collate(std::span(got_inputs).first(count));
    EXPECT_EQ(got.images.scalar_type(), at::kByte);
    EXPECT_EQ(got.mask.defined(), expected.mask.defined());
    if (model.entry->task == Task::classify) {
      EXPECT_TRUE(at::equal(model.logits(got.images), model.logits(expected.images)));
      EXPECT_TRUE(
          at::equal(model.features_and_logits(got.images).first, model.features_and_logits(expected.images).first));
      continue;
    }
    const auto a = model.raw(got), b = model.raw(expected);
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(at::equal(a[i].second, b[i].second)) << a[i].first;
  }
}

TEST_P(FromLevels, TheBatchWaitsForItsPicturesAlone) {
  const auto bytes = inputs(levels_for(model));
  const auto all = pointers(bytes);
  const auto before = gpu->calls().size();
  static_cast<void>(stacked_images(std::span(all).first(2)));
  const auto calls = gpu->calls();
  ASSERT_EQ(calls.size(), before + 2);
  for (std::size_t i = before; i < calls.size(); ++i) EXPECT_TRUE(calls[i].starts_with("wait")) << calls[i];
}

INSTANTIATE_TEST_SUITE_P(Networks, FromLevels,
                         testing::Values(Case{"vit_tiny_patch16_224", {64, 64}},
                                         Case{"deit_tiny_patch16_224", {64, 64}},
                                         Case{"swin_tiny_patch4_window7_224", {64, 96}}, Case{"resnet18", {64, 64}},
                                         Case{"detr_resnet50", {64, 96}}, Case{"rtdetr_r18vd", {64, 64}},
                                         Case{"yolox_nano", {64, 96}}),
                         [](const auto& info) { return std::string(info.param.model); });

TEST(Levels, AreForNetworksOnAGpu) {
  const auto registry = make_registry();
  LoadRequest request;
  request.allow_random = true;
  request.model = "resnet18";
  auto model = load_model(*registry, request);
  model.prepare(at::kCPU, nn::Precision::fp32);
  EXPECT_FALSE(levels_for(model));
  model.prepare(at::kCPU, nn::Precision::fp32, {.gpu = std::make_shared<test::FakeGpu>()});
  EXPECT_TRUE(levels_for(model));
}

}  // namespace
}  // namespace vitral::apps
