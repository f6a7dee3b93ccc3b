// From operators to ONNX: what is folded, what is refused, and that the graph computes the same.
#include "export/lowering.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/core/error.h"
#include "export/runner.h"

namespace vitral::onnx {
namespace {

using Function = std::function<at::Tensor(const at::Tensor&)>;

Graph graph_of(const Function& function, const std::vector<std::int64_t>& shape, bool dynamic = false,
               const std::vector<std::pair<std::string, at::Tensor>>& parameters = {}) {
  const auto seen = [&](std::int64_t batch) {
    auto sizes = shape;
    if (dynamic) sizes[0] = batch;
    return trace(at::randn(sizes), [&](const at::Tensor& x) -> NamedTensors { return {{"y", function(x)}}; });
  };
  return lower(seen(2), seen(3), parameters, "net");
}

void expect_same(const Function& function, const std::vector<std::int64_t>& shape, bool dynamic = false) {
  at::manual_seed(1);
  const auto graph = graph_of(function, shape, dynamic);
  auto sizes = shape;
  if (dynamic) sizes[0] = 5;
  const auto x = at::randn(sizes);
  const auto expected = function(x), found = run(graph, x).at(0).second;
  ASSERT_EQ(found.sizes(), expected.sizes());
  EXPECT_EQ(found.scalar_type(), expected.scalar_type());
  EXPECT_TRUE(at::allclose(found.to(at::kDouble), expected.to(at::kDouble), 1e-5, 1e-6));
}

std::string message_of(const Function& function) {
  try {
    graph_of(function, {2, 3});
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::failed);
    return error.what();
  }
  return "";
}

TEST(Lowering, OperatorsComputeTheSame) {
  const auto w = at::randn({4, 3}), b = at::randn({4}), k = at::randn({6, 1, 3, 3});
  expect_same([&](const auto& x) { return at::linear(x, w, b); }, {5, 3});
  expect_same([&](const auto& x) { return at::linear(x, w, b); }, {2, 5, 3});
  expect_same([&](const auto& x) { return at::gelu(x) + at::gelu(x, "tanh") - at::silu(x); }, {5, 3});
  expect_same([&](const auto& x) { return at::layer_norm(x, {3}, at::ones({3}), at::ones({3}), 1e-3); }, {5, 3});
  expect_same([&](const auto& x) { return at::group_norm(x, 2, at::randn({4}).fill_(2), at::ones({4})); },
              {2, 4, 3, 3});
  expect_same([&](const auto& x) { return at::conv2d(x, k, {}, 2, 1, 1, 3); }, {2, 3, 9, 9});
  expect_same([&](const auto& x) { return at::max_pool2d(x, 3, 2, 1); }, {2, 3, 9, 9});
  expect_same([&](const auto& x) { return at::avg_pool2d(x, 2, 2, 0, true, false); }, {2, 3, 9, 9});
  expect_same([&](const auto& x) { return at::constant_pad_nd(x, {1, 2, 3, 4}, 0.5); }, {2, 3, 5, 5});
  expect_same([&](const auto& x) { return at::upsample_nearest2d(x, {10, 15}); }, {2, 3, 5, 5});
  expect_same(
      [&](const auto& x) {
        return at::scaled_dot_product_attention(x, x + 1, x * 2, at::ones({1, 1, 5, 5}));
      },
      {2, 2, 5, 4});
  expect_same(
      [&](const auto& x) {
        return at::grid_sampler(x, at::tanh(x.slice(1, 0, 2).permute({0, 2, 3, 1})), 0, 0, false);
      },
      {2, 3, 5, 5});
}

TEST(Lowering, SmallOperatorsComputeTheSame) {
  expect_same([](const auto& x) { return 1 - 2 * x / 3; }, {2, 3});
  expect_same([](const auto& x) { return at::sub(x, x.exp(), 0.5).clamp(-1, 1).clamp_min(-0.5).clamp_max(0.25); },
              {2, 3});
  expect_same([](const auto& x) { return at::where(x > 0, x.sqrt(), x.neg()).sum({1}, true) + x.mean(); }, {2, 3});
  expect_same([](const auto& x) { return x / at::linalg_vector_norm(x, 2, {-1}, true).clamp_min(1e-12); }, {2, 3});
  expect_same(
      [](const auto& x) {
        return at::cat({x.narrow(1, 1, 2), x.select(1, -1).unsqueeze(1), x.flip({1})}, 1);
      },
      {2, 3});
  expect_same(
      [](const auto& x) {
        return at::stack(x.chunk(2, 1), 0).transpose(0, -1) * x.unbind(1)[0].view({1, -1, 1});
      },
      {2, 4});
  expect_same([](const auto& x) { return x.index_select(1, at::tensor({2, 0, 2})).repeat({2, 1}); }, {2, 3});
  expect_same([](const auto& x) { return at::gather(x, 1, std::get<1>(x.topk(2, 1))) + std::get<0>(x.topk(2, 1)); },
              {2, 3});
  expect_same([](const auto& x) { return ((x > 0) & (x < 1)).to(at::kLong) + x.floor().to(at::kLong); }, {2, 3});
  expect_same([](const auto& x) { return at::sigmoid(x).add_(1).mul_(2).amax({1}); }, {2, 3});
}

TEST(Lowering, TheBatchStaysOpen) {
  const auto token = at::randn({1, 1, 4});
  expect_same(
      [&](const auto& x) {
        return at::cat({token.expand({x.size(0), 1, 4}), x}, 1).flatten(0, 1).view({x.size(0), 4, 4});
      },
      {2, 3, 4}, true);
  expect_same(
      [&](const auto& x) {
        return x.view({x.size(0) * 3, 4}).view({x.size(0), 3, 4}) + at::zeros({x.size(0), 1, 1});
      },
      {2, 3, 4}, true);
  expect_same(
      [&](const auto& x) {
        return token.repeat({x.size(0) * 3, 1, 1}).view({x.size(0), 3, 4}) * x;
      },
      {2, 3, 4}, true);
}

TEST(Lowering, WhatDoesNotDependOnThePicturesIsFolded) {
  const auto table = at::randn({3}), weight = at::randn({3});
  const auto graph =
      graph_of([&](const auto& x) { return x * weight + (table * 2).exp(); }, {2, 3}, false, {{"net.weight", weight}});
  std::vector<std::string> ops;
  for (const auto& node : graph.nodes) ops.push_back(node.op);
  EXPECT_THAT(ops, testing::ElementsAre("Mul", "Add", "Identity"));
  ASSERT_EQ(graph.constants.size(), 2u);
  EXPECT_EQ(graph.constants[0].first, "net.weight");
  EXPECT_TRUE(at::allclose(graph.constants[1].second, (table * 2).exp()));
}

TEST(Lowering, AnUnknownOperatorIsNamed) {
  EXPECT_THAT(message_of([](const auto& x) { return at::lgamma(x); }),
              testing::AllOf(testing::HasSubstr("net"), testing::HasSubstr("aten::lgamma")));
}

TEST(Lowering, AKernelOfOurOwnIsNoticed) {
  const auto hidden = [](const at::Tensor& x) {  // writes where no operator is seen
    auto out = at::empty(x.sizes());
    for (std::int64_t i = 0; i < x.numel(); ++i) out.mutable_data_ptr<float>()[i] = x.const_data_ptr<float>()[i] + 1;
    return out;
  };
  EXPECT_THAT(message_of([&](const auto& x) { return hidden(x.contiguous()) * 2; }),
              testing::HasSubstr("no LibTorch operator"));
  const auto wrapped = [](const at::Tensor& x) {  // a tensor that was made by nobody that is seen
    auto made = std::make_shared<std::vector<float>>(static_cast<std::size_t>(x.numel()), x.const_data_ptr<float>()[0]);
    const at::RecordFunctionGuard unseen(false);
    return at::from_blob(
        made->data(), x.sizes(), [made](void*) {}, at::kFloat);
  };
  EXPECT_THAT(message_of([&](const auto& x) { return x + wrapped(x); }), testing::HasSubstr("no LibTorch operator"));
}

TEST(Lowering, TrainingModeIsRefused) {
  EXPECT_THAT(message_of([](const auto& x) { return at::dropout(x, 0.5, true); }),
              testing::HasSubstr("evaluation mode"));
}

}  // namespace
}  // namespace vitral::onnx
