#include "common/runtime/attention_maps.h"

#include <gtest/gtest.h>
#include <torch/nn/cloneable.h>

#include "common/core/error.h"
#include "tests/support/tensors.h"

namespace vitral {
namespace {

using test::expect_close;

TEST(Rollout, MultipliesHalfResidualLayers) {
  // One token looks at the other only, in both layers and both heads.
  const auto swap = at::tensor({0.0, 1.0, 1.0, 0.0}).to(at::kFloat).view({1, 1, 2, 2}).expand({1, 2, 2, 2});
  const std::vector<at::Tensor> two{swap, swap};
  // (0.5 I + 0.5 S)^2 = 0.5 I + 0.5 S
  expect_close(rollout(two), at::full({1, 2, 2}, 0.5), 1e-6);
  const auto keep = at::tensor({1.0, 0.0, 0.5, 0.5}).to(at::kFloat).view({1, 1, 2, 2});
  const std::vector<at::Tensor> mixed{swap.slice(1, 0, 1), keep};
  // later (0.5 I + 0.5 K) = [[1, 0], [.25, .75]] times earlier [[.5, .5], [.5, .5]]
  expect_close(rollout(mixed), at::full({1, 2, 2}, 0.5), 1e-6);
  const std::vector<at::Tensor> other{keep, swap.slice(1, 0, 1)};
  expect_close(rollout(other), at::tensor({0.625, 0.375, 0.625, 0.375}).to(at::kFloat).view({1, 2, 2}), 1e-6);
}

TEST(Rollout, RowsSumToOne) {
  at::manual_seed(1);
  std::vector<at::Tensor> layers;
  for (int i = 0; i < 5; ++i) layers.push_back(at::softmax(at::randn({2, 3, 7, 7}), -1));
  expect_close(rollout(layers).sum(-1), at::ones({2, 7}), 1e-5);
}

TEST(GradientRollout, FollowsTheEquations) {
  at::manual_seed(2);
  std::vector<at::Tensor> layers, gradients;
  auto expected = at::eye(4).unsqueeze(0).repeat({2, 1, 1});
  for (int i = 0; i < 3; ++i) {
    layers.push_back(at::softmax(at::randn({2, 2, 4, 4}), -1));
    gradients.push_back(at::randn({2, 2, 4, 4}));
    auto relevant = at::zeros({2, 4, 4});
    for (int h = 0; h < 2; ++h) {
      relevant = relevant + at::relu(gradients[i].select(1, h) * layers[i].select(1, h)) / 2;
    }
    expected = expected + at::bmm(relevant, expected);
  }
  expect_close(gradient_rollout(layers, gradients), expected, 1e-6);
}

TEST(MergeWindows, PutsTokensBackAndLeavesPaddingOut) {
  at::manual_seed(3);
  nn::AttentionRecord record;
  record.map = {2, 3};
  record.windows = at::tensor({4, 5, 1, 2, 0, -1, 3, -1}, at::kInt).view({2, 4});  // shifted, the second one padded
  record.weights = at::softmax(at::randn({2 * 2, 3, 4, 4}), -1);                   // two pictures
  const auto merged = merge_windows(record);
  ASSERT_EQ(merged.sizes(), (at::IntArrayRef{2, 3, 2, 3}));
  const auto* tokens = record.windows.const_data_ptr<int>();
  for (std::int64_t b = 0; b < 2; ++b) {
    for (std::int64_t w = 0; w < 2; ++w) {
      for (std::int64_t k = 0; k < 4; ++k) {
        const int token = tokens[4 * w + k];
        if (token < 0) continue;
        for (std::int64_t h = 0; h < 3; ++h) {
          double sum = 0;
          int looking = 0;
          for (std::int64_t q = 0; q < 4; ++q) {
            if (tokens[4 * w + q] < 0) continue;
            sum += record.weights[2 * b + w][h][q][k].item<double>();
            ++looking;
          }
          EXPECT_NEAR(merged[b][h][token / 3][token % 3].item<double>(), sum / looking, 1e-6);
        }
      }
    }
  }
}

TEST(SplatSamples, SharesAmongFourCellsAndDropsTheOutside) {
  nn::AttentionRecord record;
  record.weights = at::tensor({0.5F, 0.25F, 0.25F}).view({1, 1, 1, 1, 3});
  // The middle of cell (1, 2) of 4 x 4; between (0, 0) and (0, 1); outside.
  record.locations = at::tensor({0.625F, 0.375F, 0.25F, 0.125F, 1.5F, 0.5F}).view({1, 1, 1, 1, 3, 2});
  const auto map = splat_samples(record, {4, 4})[0][0][0];
  auto expected = at::zeros({4, 4});
  expected[1][2] = 0.5;
  expected[0][0] = expected[0][1] = 0.125;
  expect_close(map, expected, 1e-6);
}

/// Features are the picture's channels; two logits, the sums of the first and of the second channel's squares.
class SquareNetImpl : public torch::nn::Cloneable<SquareNetImpl>, public Classifier {
 public:
  SquareNetImpl() { reset(); }
  void reset() override { gain = register_parameter("gain", at::ones({1})); }
  at::Tensor forward_features(const at::Tensor& images) override {
    return tokens ? images.flatten(2).transpose(1, 2) : images * gain;
  }
  at::Tensor pool(const at::Tensor& features) override {
    return tokens ? features.square().sum(1) : features.square().sum({2, 3});
  }
  at::Tensor forward_head(const at::Tensor& pooled) override { return pooled; }
  torch::nn::Module& module() override { return *this; }
  std::vector<std::string> head_names() const override { return {}; }
  at::Tensor gain;
  bool tokens = false;
};

TEST(GradCam, WeightsChannelsByTheMeanOfTheirGradient) {
  at::manual_seed(4);
  const auto images = at::randn({2, 2, 3, 4});
  const Score second = [](const at::Tensor& logits) { return logits.select(1, 1).sum(); };
  SquareNetImpl net;
  // d(sum x^2) / dx = 2 x; only the second channel counts.
  const auto channel = images.select(1, 1);
  const auto expected = at::relu((2 * channel).mean({1, 2}, true) * channel);
  expect_close(grad_cam(net, images, second, {3, 4}), expected, 1e-5);
  net.tokens = true;
  expect_close(grad_cam(net, images, second, {3, 4}), expected, 1e-5);
  EXPECT_THROW(grad_cam(net, images, second, {3, 3}), Error);
  EXPECT_FALSE(net.gain.grad().defined());
}

}  // namespace
}  // namespace vitral
