// Attention that is looked into, and decoders that go token by token, give what they give otherwise.
#include <gtest/gtest.h>

#include "common/nn/masks.h"
#include "common/nn/transformer.h"
#include "common/nn/window_attention.h"
#include "common/runtime/prepare.h"
#include "tests/support/tensors.h"

namespace vitral::nn {
namespace {

using test::expect_close;
using test::expect_equal;

TEST(Recording, ChangesNothingAndShowsTheWeights) {
  at::manual_seed(3);
  MultiheadAttention attention(MultiheadAttentionOptions(24, 3));
  const auto x = at::randn({2, 7, 24}), memory = at::randn({2, 5, 24});
  for (const bool prepared : {false, true}) {
    if (prepared) prepare_for_inference(*attention, Precision::fp32);
    const at::NoGradGuard no_grad;
    const auto bias = at::randn({3, 7, 5});
    const auto plain = attention->forward(x, memory, memory, bias, x);
    attention->record(true);
    expect_close(attention->forward(x, memory, memory, bias, x), plain, 1e-5);
    const auto weights = attention->recorded().weights;
    ASSERT_EQ(weights.sizes(), (at::IntArrayRef{2, 3, 7, 5}));
    const auto q = split_heads(attention->qkv->forward_rows(x, 0, 24), 3);
    const auto k = split_heads(attention->qkv->forward_rows(memory, 24, 24), 3);
    expect_close(weights, at::softmax(at::matmul(q, k.transpose(2, 3)) / std::sqrt(8.0) + bias, -1), 1e-5);
    attention->record(false);
    EXPECT_FALSE(attention->recorded().weights.defined());
    expect_equal(attention->forward(x, memory, memory, bias, x), plain);
    EXPECT_FALSE(attention->recorded().weights.defined());
  }
}

TEST(Recording, KeepsTheGraphOfTheWeights) {
  at::manual_seed(4);
  MultiheadAttention attention(MultiheadAttentionOptions(8, 2));
  attention->record(true);
  const auto y = attention->forward(at::randn({1, 4, 8})).sum();
  const auto weights = attention->recorded().weights;
  ASSERT_TRUE(weights.requires_grad());
  weights.retain_grad();
  y.backward();
  EXPECT_GT(weights.grad().abs().sum().item<float>(), 0);
}

TEST(Recording, ACloneDoesNotRecord) {
  MultiheadAttention attention(MultiheadAttentionOptions(8, 2));
  attention->record(true);
  auto clone = std::dynamic_pointer_cast<MultiheadAttentionImpl>(attention->clone());
  clone->forward(at::randn({1, 3, 8}));
  EXPECT_FALSE(clone->recorded().weights.defined());
}

TEST(Recording, OfWindowsChangesNothing) {
  at::manual_seed(5);
  // Two windows of four tokens on six tokens: the second has two places of padding.
  WindowTable table;
  table.tokens = at::tensor({0, 1, 3, 4, 2, -1, 5, -1}, at::kInt).view({2, 4});
  table.gather = at::tensor({0, 1, 3, 4, 2, 6, 5, 6}, at::kLong);
  table.scatter = at::tensor({0, 1, 4, 2, 3, 6}, at::kLong);
  table.mask_kind = at::zeros({2}, at::kInt);
  table.padded = true;
  const at::NoGradGuard no_grad;
  const auto qkv = at::randn({2, 6, 48});
  WindowAttendOptions options;
  options.bias = at::randn({1, 2, 4, 4});
  options.padding = at::randn({48});
  const auto plain = attend_windows(qkv, 2, table, options);
  at::Tensor weights;
  options.weights = &weights;
  expect_close(attend_windows(qkv, 2, table, options), plain, 1e-5);
  ASSERT_EQ(weights.sizes(), (at::IntArrayRef{4, 2, 4, 4}));
  expect_close(weights.sum(-1), at::ones({4, 2, 4}), 1e-5);
}

class Steps : public testing::TestWithParam<bool> {};

TEST_P(Steps, TokenByTokenEqualsAllAtOnce) {
  at::manual_seed(6);
  TransformerDecoder decoder(TransformerLayerOptions(32, 4, 64).norm_first(GetParam()), 3);
  decoder->eval();
  prepare_for_inference(*decoder, Precision::fp32);
  const at::NoGradGuard no_grad;
  const auto x = at::randn({2, 9, 32});
  DecoderInputs inputs;
  inputs.memory = at::randn({2, 5, 32});
  auto padding = at::zeros({2, 5}, at::kBool);
  padding[1].slice(0, 3).fill_(true);
  inputs.memory_bias = padding_bias(padding);
  inputs.self_bias = causal_bias(9);
  const auto all = decoder->forward(x, inputs);

  // Three tokens at first, then one at a time.
  std::vector<DecoderCache> caches;
  inputs.self_bias = causal_bias(3);
  std::vector<at::Tensor> parts{decoder->forward_next(x.slice(1, 0, 3), inputs, caches)};
  inputs.self_bias = at::Tensor();
  inputs.memory = at::Tensor();
  for (std::int64_t i = 3; i < 9; ++i) parts.push_back(decoder->forward_next(x.slice(1, i, i + 1), inputs, caches));
  expect_close(at::cat(parts, 1), all, 1e-5);
  EXPECT_EQ(caches[2].seen.keys.sizes(), (at::IntArrayRef{2, 9, 32}));
  EXPECT_EQ(caches[2].memory.keys.sizes(), (at::IntArrayRef{2, 5, 32}));
}

INSTANTIATE_TEST_SUITE_P(Norms, Steps, testing::Bool());

}  // namespace
}  // namespace vitral::nn
