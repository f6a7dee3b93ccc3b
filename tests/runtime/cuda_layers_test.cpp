// Layers on a GPU, with our own kernels where they are built: the same as on the CPU, plainly and in fp32. Skipped,
// with the reason, where there is no GPU.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "common/nn/attention.h"
#include "common/nn/conv.h"
#include "common/nn/cuda_stream.h"
#include "common/nn/linear.h"
#include "common/nn/norm.h"
#include "common/nn/patch_embed.h"
#include "common/nn/pictures.h"
#include "common/nn/resize.h"
#include "common/nn/window_attention.h"
#include "common/runtime/prepare.h"
#include "tests/support/gpu.h"

namespace vitral {
namespace {

constexpr nn::Activation kActivations[] = {nn::Activation::none, nn::Activation::relu, nn::Activation::relu6,
                                           nn::Activation::gelu, nn::Activation::silu, nn::Activation::tanh};
/// fp32 leaves room for convolutions in TF32.
constexpr std::pair<nn::Precision, double> kPrecisions[] = {
    {nn::Precision::fp32, 2e-3}, {nn::Precision::bf16, 2e-2}, {nn::Precision::fp16, 4e-3}};
/// Without a product before them.
constexpr std::pair<at::ScalarType, double> kTypes[] = {{at::kFloat, 1e-5}, {at::kBFloat16, 2e-2}, {at::kHalf, 4e-3}};

class CudaLayers : public test::NeedsGpu<testing::Test> {
 protected:
  /// `size`: the largest number that was rounded on the way, where it is not in the result.
  void expect_close(const at::Tensor& there, const at::Tensor& here, double tolerance, double size = 1) const {
    ASSERT_EQ(there.device(), device);
    ASSERT_EQ(there.sizes(), here.sizes());
    const auto distance = (there.to(at::kCPU, at::kFloat) - here.to(at::kFloat)).abs().max().item<double>();
    EXPECT_LE(distance, tolerance * std::max({1.0, size, here.abs().max().item<double>()}));
  }
  static double largest(const at::Tensor& x) { return x.abs().max().item<double>(); }
  const at::NoGradGuard no_grad;
};

TEST_F(CudaLayers, LinearWithEveryTail) {
  for (const auto& [precision, tolerance] : kPrecisions) {
    const auto type = nn::scalar_type(precision);
    for (const auto activation : kActivations) {
      for (const auto& [out, bias, with_residual] :
           {std::tuple{40, true, false}, {40, true, true}, {40, false, true}, {37, true, false}, {37, false, false}}) {
        nn::Linear layer(24, out, bias);
        layer->weight.normal_(0, 0.3);
        if (bias) layer->bias.normal_();
        const auto x = at::randn({2, 7, 24}), residual = with_residual ? at::randn({2, 7, out}) : at::Tensor();
        const auto expected = layer->forward(x, activation, residual);
        const auto size = largest(layer->forward(x, nn::Activation::none, residual));
        layer->to(device);
        prepare_for_inference(*layer, precision);
        const auto tail = with_residual ? residual.to(device, type) : residual;
        const auto before = with_residual ? tail.clone() : tail;
        const auto there = test::on_gpu([&] { return layer->forward(x.to(device, type), activation, tail); });
        expect_close(there, expected, tolerance, size);
        if (with_residual) {
          EXPECT_TRUE(at::equal(tail, before));
        }
      }
    }
  }
}

TEST_F(CudaLayers, ConvolutionsWithEveryTail) {
  for (const auto& [precision, tolerance] : kPrecisions) {
    const auto type = nn::scalar_type(precision);
    for (const auto activation : kActivations) {
      for (const auto& [in, out, kernel, groups] :
           {std::tuple{3, 20, 7, 1}, {16, 24, 3, 1}, {24, 13, 1, 1}, {12, 12, 3, 12}}) {
        for (const bool with_residual : {false, true}) {
          nn::Conv2d layer(nn::Conv2dOptions(in, out, kernel).padding(kernel / 2).groups(groups).bias(true));
          layer->bias.normal_();
          const auto x = at::randn({2, in, 9, 11});
          const auto residual = with_residual ? at::randn({2, out, 9, 11}) : at::Tensor();
          const auto expected = layer->forward(x, activation, residual);
          const auto size = largest(layer->forward(x, nn::Activation::none, residual));
          layer->to(device);
          prepare_for_inference(*layer, precision);
          const auto there = test::on_gpu([&] {
            return layer->forward(x.to(device, type), activation, with_residual ? residual.to(device, type) : residual);
          });
          EXPECT_TRUE(there.is_contiguous(at::MemoryFormat::ChannelsLast));
          expect_close(there, expected, tolerance, size);
        }
      }
    }
  }
}

/// A map of 5 x 7 in windows of 3 x 3, shifted by one, the rest padded.
nn::WindowTable table_of_windows() {
  std::vector<std::int32_t> tokens;
  for (int top = -1; top < 5; top += 3) {
    for (int left = -1; left < 7; left += 3) {
      for (int i = 0; i < 9; ++i) {
        const int y = top + i / 3, x = left + i % 3;
        tokens.push_back(y >= 0 && y < 5 && x >= 0 && x < 7 ? y * 7 + x : -1);
      }
    }
  }
  nn::WindowTable table;
  table.tokens = at::tensor(tokens, at::kInt).view({-1, 9});
  const auto places = table.tokens.flatten().to(at::kLong);
  table.gather = at::where(places.lt(0), 35, places);
  table.scatter = std::get<1>(table.gather.sort(/*stable=*/true, 0, false)).slice(0, 0, 35);
  table.mask_kind = at::arange(table.tokens.size(0), at::kInt).remainder(2);
  table.padded = true;
  return table;
}

TEST_F(CudaLayers, WindowAttention) {
  const auto table = table_of_windows();
  auto there = table;
  for (at::Tensor* x : {&there.tokens, &there.gather, &there.scatter, &there.mask_kind}) *x = x->to(device);
  for (const auto& [type, tolerance] : kTypes) {
    for (const std::int64_t dim : {6, 32, 40}) {  // the last is beyond the kernel
      for (const bool cosine : {false, true}) {
        const auto qkv = at::randn({3, 35, 3 * 2 * dim}).to(type);
        nn::WindowAttendOptions options;
        options.bias = at::randn({2, 2, 9, 9});
        options.padding = at::randn({3 * 2 * dim}).to(type);
        if (cosine) options.head_scale = at::rand({2}) * 5;
        const auto here = nn::attend_windows_plain(qkv.to(at::kFloat), 2, table, [&] {
          auto plain = options;
          plain.padding = options.padding.to(at::kFloat);
          return plain;
        }());
        auto options_there = options;
        for (at::Tensor* x : {&options_there.bias, &options_there.padding, &options_there.head_scale}) {
          if (x->defined()) *x = x->to(device);
        }
        const auto mixed = test::on_gpu([&] { return nn::attend_windows(qkv.to(device), 2, there, options_there); });
        expect_close(mixed, here, tolerance);
      }
    }
  }
}

TEST_F(CudaLayers, AttentionOfManySmallProblems) {
  for (const auto& [type, tolerance] : kTypes) {
    for (const auto& [batch, tokens, dim] :
         {std::tuple{392, 16, 6}, {3, 1, 8}, {5, 64, 32}, {2, 65, 32}, {2, 17, 64}}) {
      const auto q = at::randn({batch, 4, tokens, dim}).to(type), k = at::randn({batch, 4, tokens, dim}).to(type);
      const auto v = at::randn({batch, tokens, 4, dim}).to(type).transpose(1, 2);
      for (const bool biased : {false, true}) {
        nn::AttendOptions options;
        if (biased) options.bias = at::randn({tokens, tokens});
        const auto here = nn::attend_plain(q.to(at::kFloat), k.to(at::kFloat), v.to(at::kFloat), options);
        if (biased) options.bias = options.bias.to(device);
        const auto mixed = test::on_gpu([&] { return nn::attend(q.to(device), k.to(device), v.to(device), options); });
        expect_close(mixed, here, tolerance);
      }
    }
  }
}

/// The residual sum and its norm, in one pass where our kernel does it.
TEST_F(CudaLayers, SumsAndTheirNorms) {
  for (const auto& [precision, tolerance] : kPrecisions) {
    const auto type = nn::scalar_type(precision);
    for (const std::int64_t width : {1, 24, 96, 300}) {
      nn::LayerNorm layer(width);
      layer->weight.normal_(1, 0.3);
      layer->bias.normal_();
      const auto x = at::randn({2, 7, width}), update = at::randn({7, 2, width}).transpose(0, 1);
      const auto a = x.to(type), b = update.to(type), sum = (a + b).to(at::kFloat);  // rounded as it is stored
      const auto expected = layer->forward(sum);
      layer->to(device);
      prepare_for_inference(*layer, precision);
      const auto there = test::on_gpu([&] { return layer->forward_sum(a.to(device), b.to(device)); });
      EXPECT_TRUE(at::equal(there.sum.to(at::kCPU, at::kFloat), sum));
      expect_close(there.normed, expected, tolerance);
    }
  }
}

TEST_F(CudaLayers, DecodedPicturesAreNormalised) {
  const kernels::Normalization by{255.0F, {0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}};
  const auto large = at::randint(256, {3, 17, 23, 3}, at::kByte);
  const auto part = large.slice(1, 2, 15).slice(2, 1, 20);
  for (const auto& [type, tolerance] : kTypes) {
    const auto here = nn::normalized(part, by, at::kFloat);
    expect_close(test::on_gpu([&] { return nn::normalized(part.to(device), by, type); }), here, tolerance);
    const auto of_large =
        test::on_gpu([&] { return nn::normalized(large.to(device).slice(1, 2, 15).slice(2, 1, 20), by, type); });
    expect_close(of_large, here, tolerance);
  }
}

TEST_F(CudaLayers, BlueMayComeFirst) {
  const kernels::Normalization by{1.0F, {0, 10, 20}, {1, 2, 3}, /*bgr=*/true};
  const auto levels = at::randint(256, {2, 9, 11, 3}, at::kByte);
  const auto there = test::on_gpu([&] { return nn::normalized(levels.to(device), by, at::kFloat); });
  expect_close(there, nn::normalized(levels, by, at::kFloat), 1e-5);
}

TEST_F(CudaLayers, PatchEmbeddingsFromLevels) {
  const kernels::Normalization by{255.0F, {0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}};
  const auto levels = at::randint(256, {3, 48, 32, 3}, at::kByte);
  for (const auto& [precision, tolerance] : kPrecisions) {
    for (const std::int64_t patch : {4, 16}) {
      nn::PatchEmbed layer(3, 40, patch);
      layer->proj->bias.normal_();
      const auto expected = layer->forward(nn::normalized(levels, by, at::kFloat));
      layer->to(device);
      prepare_for_inference(*layer, precision, {}, {}, by);
      expect_close(test::on_gpu([&] { return layer->forward(levels.to(device)); }), expected, tolerance);
    }
  }
}

TEST_F(CudaLayers, ResizedPicturesHaveTheBitsOfTheCpu) {
  if (!test::on_gpu([&] { return nn::has_cuda_kernels(at::empty({0}, device)); })) GTEST_SKIP() << kernels::cuda::table_problem();
  for (const auto& [width, height] : {std::pair{90, 70}, {40, 29}, {11, 200}, {300, 8}}) {
    const auto levels = at::randint(256, {height, width, 3}, at::kByte);
    for (const auto filter : {Interpolation::nearest, Interpolation::bilinear, Interpolation::lanczos}) {
      auto columns = nn::resize_axis(kernels::resample_axis(width, 40, filter, 3, 30));
      auto rows = nn::resize_axis(kernels::resample_axis(height, 29, filter, 0, 29));
      const bool rows_first = kernels::rows_come_first(width, height, 40, 29);
      const auto here = nn::resized(levels, columns, rows, rows_first);
      for (auto* axis : {&columns, &rows}) {
        if (axis->table.defined()) axis->table = axis->table.to(device);
      }
      const auto there = test::on_gpu([&] { return nn::resized(levels.to(device), columns, rows, rows_first); });
      EXPECT_TRUE(at::equal(there.cpu(), here));
    }
  }
}

}  // namespace
}  // namespace vitral
