// Pictures on their way into a network.
#include "common/nn/pictures.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <vector>

#include "common/core/error.h"
#include "common/kernels/cuda/patches.h"
#include "common/nn/patch_embed.h"
#include "common/runtime/prepare.h"
#include "tests/support/tensors.h"

namespace vitral::nn {
namespace {

constexpr kernels::Normalization kImageNet{255.0F, {0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}};

/// By the function that decoded pictures go through on the CPU.
at::Tensor by_kernel(const at::Tensor& pictures, const kernels::Normalization& by) {
  const std::int64_t area = pictures.size(1) * pictures.size(2);
  auto maps = at::empty({pictures.size(0), 3, pictures.size(1), pictures.size(2)});
  for (std::int64_t b = 0; b < pictures.size(0); ++b) {
    float* first = maps.mutable_data_ptr<float>() + b * 3 * area;
    float* const planes[3] = {first, first + area, first + 2 * area};
    kernels::normalize_rgb(pictures.const_data_ptr<std::uint8_t>() + b * 3 * area, static_cast<std::size_t>(area), by,
                           planes);
  }
  return maps;
}

TEST(Pictures, AreNormalisedBitForBit) {
  at::manual_seed(5);
  const auto pictures = at::randint(256, {2, 17, 23, 3}, at::kByte);
  for (const auto& by : {kImageNet, kernels::Normalization{1.0F, {103.5F, 116.3F, 123.7F}, {57.4F, 57.1F, 58.4F}},
                         kernels::Normalization{255.0F, {0.1F, 0.2F, 0.3F}, {0.4F, 0.5F, 0.6F}, /*bgr=*/true}}) {
    const auto expected = by_kernel(pictures, by);
    EXPECT_TRUE(at::equal(normalized(pictures, by, at::kFloat), expected));
    for (const auto type : {at::kBFloat16, at::kHalf}) {
      EXPECT_TRUE(at::equal(normalized(pictures, by, type), expected.to(type)));
    }
  }
}

TEST(Pictures, PartsOfLargerOnesAreTheirOwn) {
  const auto large = at::randint(256, {3, 12, 20, 3}, at::kByte);
  const auto part = large.slice(1, 2, 9).slice(2, 1, 18);
  EXPECT_TRUE(at::equal(normalized(part, kImageNet, at::kFloat), by_kernel(part.contiguous(), kImageNet)));
  EXPECT_EQ(normalized(large.slice(0, 0, 0), kImageNet, at::kFloat).numel(), 0);
}

TEST(Pictures, PatchRowsHaveTheBitsOfTheGpusTwin) {
  at::manual_seed(6);
  const auto pictures = at::randint(256, {2, 12, 20, 3}, at::kByte);
  for (const bool bgr : {false, true}) {
    auto by = kImageNet;
    by.bgr = bgr;
    for (const std::int64_t patch : {1, 2, 4}) {
      const auto rows = patch_rows(pictures, by, patch, at::kFloat);
      auto expected = at::empty({2 * (12 / patch) * (20 / patch), 3 * patch * patch});
      kernels::cuda::PatchesArgs args;
      args.batch = 2, args.height = 12, args.width = 20, args.patch = patch;
      args.pictures = pictures.const_data_ptr<std::uint8_t>();
      args.picture_stride = 12 * 20 * 3, args.row_stride = 20 * 3, args.normalization = by;
      args.out = expected.mutable_data_ptr(), args.out_stride = expected.size(1);
      kernels::cuda::patches_on_host(args);
      EXPECT_TRUE(at::equal(rows, expected)) << patch;
    }
  }
  EXPECT_THROW(patch_rows(pictures, kImageNet, 8, at::kFloat), Error);
  EXPECT_THROW(patch_rows(pictures, kImageNet, 0, at::kFloat), Error);
}

TEST(Pictures, APatchEmbeddingTakesLevels) {
  at::manual_seed(7);
  const at::NoGradGuard no_grad;
  const auto pictures = at::randint(256, {3, 32, 48, 3}, at::kByte);
  for (const bool bgr : {false, true}) {
    auto by = kImageNet;
    by.bgr = bgr;
    PatchEmbed embed(3, 24, 16);
    embed->proj->bias.normal_();
    const auto expected = embed->forward(normalized(pictures, by, at::kFloat));
    prepare_for_inference(*embed, Precision::fp32, {}, {}, by);
    for (int call = 0; call < 2; ++call) test::expect_close(embed->forward(pictures), expected, 1e-5);
    embed->train();
    embed->proj->weight.mul_(2);
    embed->proj->bias.mul_(2);
    prepare_for_inference(*embed, Precision::fp32, {}, {}, by);
    test::expect_close(embed->forward(pictures), 2 * expected, 1e-5);  // packed anew
  }
  PatchEmbed untold(3, 24, 16);
  prepare_for_inference(*untold, Precision::fp32);
  EXPECT_THROW(untold->forward(pictures), Error);
}

TEST(Pictures, OthersAreRefused) {
  EXPECT_THROW(normalized(at::zeros({2, 3, 8, 8}, at::kByte), kImageNet, at::kFloat), Error);
  EXPECT_THROW(normalized(at::zeros({8, 8, 3}, at::kByte), kImageNet, at::kFloat), Error);
  EXPECT_THROW(normalized(at::zeros({1, 8, 8, 3}), kImageNet, at::kFloat), Error);
  EXPECT_THROW(normalized(at::zeros({1, 8, 8, 3}, at::kByte), kImageNet, at::kLong), Error);
}

}  // namespace
}  // namespace vitral::nn
