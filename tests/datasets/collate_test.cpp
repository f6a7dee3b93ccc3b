#include "datasets/collate.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "common/core/error.h"

namespace vitral {
namespace {

Sample plain(int width, int height, std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  Sample sample;
  sample.picture = image::Image::uninitialized(width, height);
  for (std::size_t i = 0; i < sample.picture.pixels.size(); i += 3) {
    sample.picture.pixels[i] = red, sample.picture.pixels[i + 1] = green, sample.picture.pixels[i + 2] = blue;
  }
  return sample;
}

TEST(Collate, PadsMasksAndNormalises) {
  std::vector<Sample> samples{plain(4, 2, 255, 0, 51), plain(3, 5, 0, 0, 0)};
  samples[0].objects = {{{1, 0.5, 3, 1.5}, 2, false, 2}, {{0, 0, 1, 1}, 1, true, 1}};
  samples[1].classes = {{0, 0.25}, {2, 0.75}};
  Preprocess spec;
  spec.pad_multiple = 4;
  const auto batch = collate(samples, 3, spec);
  EXPECT_EQ(batch.images.sizes(), (at::IntArrayRef{2, 3, 8, 4}));
  EXPECT_FLOAT_EQ(batch.images[0][0][1][3].item<float>(), (1 - 0.485f) / 0.229f);
  EXPECT_FLOAT_EQ(batch.images[0][2][0][0].item<float>(), (0.2f - 0.406f) / 0.225f);
  EXPECT_EQ(batch.images[0].narrow(1, 2, 6).abs().sum().item<float>(), 0);
  EXPECT_EQ(batch.mask.logical_not().sum({1, 2}).equal(at::tensor({8, 15}, at::kLong)), true);
  EXPECT_FALSE(batch.mask[1][4][2].item<bool>());
  EXPECT_TRUE(batch.mask[1][4][3].item<bool>());
  EXPECT_TRUE(batch.sizes.equal(at::tensor({2, 4, 5, 3}, at::kLong).view({2, 2})));
  EXPECT_TRUE(batch.shares.equal(at::tensor({0.f, 0.f, 0.f, 0.25f, 0.f, 0.75f}).view({2, 3})));
  ASSERT_EQ(batch.objects.size(), 2u);
  EXPECT_TRUE(batch.objects[0].labels.equal(at::tensor({2}, at::kLong)));
  EXPECT_TRUE(batch.objects[0].boxes.equal(at::tensor({1.f, 0.5f, 3.f, 1.5f}).view({1, 4})));
  EXPECT_TRUE(batch.objects[0].normalised.equal(at::tensor({0.5f, 0.5f, 0.5f, 0.5f}).view({1, 4})));
  EXPECT_EQ(batch.objects[1].boxes.sizes(), (at::IntArrayRef{0, 4}));
}

TEST(Collate, MayTurnChannelsAround) {
  Preprocess spec;
  spec.rescale = false;
  spec.bgr = true;
  spec.mean = {0, 0, 0};
  spec.std = {1, 1, 1};
  const auto batch = collate(std::vector<Sample>{plain(2, 2, 7, 8, 9)}, 1, spec);
  EXPECT_EQ(batch.images[0][0][0][0].item<float>(), 9);
  EXPECT_EQ(batch.images[0][2][0][0].item<float>(), 7);
}

TEST(Collate, RefusesUnknownClassesAndEmptyBatches) {
  Sample sample = plain(2, 2, 0, 0, 0);
  sample.classes = {{3, 1.0}};
  EXPECT_THROW(collate(std::vector<Sample>{sample}, 3, {}), Error);
  EXPECT_THROW(collate({}, 3, {}), Error);
}

}  // namespace
}  // namespace vitral
