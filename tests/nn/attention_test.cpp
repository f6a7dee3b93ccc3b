#include "common/nn/attention.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/nn/masks.h"
#include "tests/support/tensors.h"

namespace vitral::nn {
namespace {

using test::expect_close;

struct Sizes {
  std::int64_t batch, heads, queries, keys, dim;
};

class Attend : public testing::TestWithParam<Sizes> {
 protected:
  void SetUp() override {
    at::manual_seed(7);
    const auto [b, h, n, m, d] = GetParam();
    q = at::randn({b, h, n, d});
    k = at::randn({b, h, m, d});
    v = at::randn({b, h, m, d});
  }
  at::Tensor q, k, v;
};

TEST_P(Attend, AgreesWithThePlainPath) {
  const at::NoGradGuard no_grad;
  expect_close(attend(q, k, v), attend_plain(q, k, v), 1e-5);
}

TEST_P(Attend, AgreesUnderABiasOfEveryBroadcastShape) {
  const at::NoGradGuard no_grad;
  const auto [b, h, n, m, d] = GetParam();
  for (const auto& shape : std::vector<std::vector<std::int64_t>>{{n, m}, {h, n, m}, {1, 1, 1, m}, {b, 1, 1, m}, {b, h, n, m}}) {
    AttendOptions options;
    options.bias = at::randn(shape);
    expect_close(attend(q, k, v, options), attend_plain(q, k, v, options), 1e-5);
  }
}

TEST_P(Attend, AgreesInLowPrecision) {
  const at::NoGradGuard no_grad;
  const auto exact = attend_plain(q, k, v);
  expect_close(attend(q.to(at::kBFloat16), k.to(at::kBFloat16), v.to(at::kBFloat16)).to(at::kFloat), exact, 3e-2);
  expect_close(attend(q.to(at::kHalf), k.to(at::kHalf), v.to(at::kHalf)).to(at::kFloat), exact, 5e-3);
}

TEST_P(Attend, HasTheGradientsOfThePlainPath) {
  const auto grads = [&](auto function) {
    std::vector<at::Tensor> inputs;
    for (const auto& x : {q, k, v}) inputs.push_back(x.clone().set_requires_grad(true));
    function(inputs[0], inputs[1], inputs[2], AttendOptions{}).square().sum().backward();
    return std::vector<at::Tensor>{inputs[0].grad(), inputs[1].grad(), inputs[2].grad()};
  };
  const auto fused = grads(attend), plain = grads(attend_plain);
  for (std::size_t i = 0; i < fused.size(); ++i) expect_close(fused[i], plain[i], 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Shapes, Attend,
                         testing::Values(Sizes{1, 1, 1, 1, 8}, Sizes{2, 3, 5, 7, 16}, Sizes{1, 3, 197, 197, 64}, Sizes{4, 4, 16, 16, 6},
                                         Sizes{2, 6, 49, 49, 32}, Sizes{1, 8, 100, 333, 32}, Sizes{3, 2, 17, 50, 80}));

TEST(Attend, GivesZerosWhereEveryKeyIsTakenOut) {
  const at::NoGradGuard no_grad;
  const auto x = at::randn({1, 2, 3, 8});
  AttendOptions options;
  options.bias = at::full({3, 3}, -std::numeric_limits<float>::infinity());
  EXPECT_EQ(attend(x, x, x, options).abs().max().item<float>(), 0.0f);
  EXPECT_EQ(attend_plain(x, x, x, options).abs().max().item<float>(), 0.0f);
}

TEST(Attend, ReturnsWeightsOnDemandWithoutChangingTheResult) {
  const at::NoGradGuard no_grad;
  const auto x = at::randn({2, 2, 9, 16});
  at::Tensor weights;
  AttendOptions options;
  options.weights = &weights;
  expect_close(attend(x, x, x, options), attend(x, x, x), 1e-5);
  EXPECT_EQ(weights.sizes(), (at::IntArrayRef{2, 2, 9, 9}));
  expect_close(weights.sum(-1), at::ones({2, 2, 9}), 1e-5);
}

TEST(MultiheadAttention, SharedProjectionsEqualSeparateOnes) {
  const at::NoGradGuard no_grad;
  MultiheadAttention attention(MultiheadAttentionOptions(32, 4));
  const auto x = at::randn({2, 11, 32}), y = at::randn({2, 7, 32});
  expect_close(attention->forward(x), attention->forward(x, x.clone(), x.clone(), {}, {}), 1e-5);
  expect_close(attention->forward(x, y, y, {}, {}), attention->forward(x, y, y.clone(), {}, {}), 1e-5);
  expect_close(attention->forward(x, x, x.clone(), {}, {}), attention->forward(x), 1e-5);
}

TEST(MultiheadAttention, CausalBiasHidesTheFuture) {
  const at::NoGradGuard no_grad;
  MultiheadAttention attention(MultiheadAttentionOptions(16, 2));
  auto x = at::randn({1, 6, 16});
  const auto before = attention->forward(x, causal_bias(6));
  x.slice(1, 4).normal_();
  const auto after = attention->forward(x, causal_bias(6));
  expect_close(after.slice(1, 0, 4), before.slice(1, 0, 4), 1e-6);
  EXPECT_GT((after - before).abs().max().item<float>(), 1e-3f);
}

TEST(MultiheadAttention, PaddingBiasHidesPaddedKeys) {
  const at::NoGradGuard no_grad;
  MultiheadAttention attention(MultiheadAttentionOptions(16, 2));
  const auto x = at::randn({1, 6, 16});
  auto padded = at::cat({x, at::randn({1, 3, 16})}, 1);
  auto padding = at::zeros({1, 9}, at::kBool);
  padding.slice(1, 6).fill_(true);
  expect_close(attention->forward(padded, padding_bias(padding)).slice(1, 0, 6), attention->forward(x), 1e-5);
}

}  // namespace
}  // namespace vitral::nn
