// A part that is computed twice gives the gradients of one that is computed once, and holds less in between.
#include "common/nn/checkpoint.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

#include "common/nn/norm.h"
#include "tests/support/hashed.h"
#include "tests/support/peak_bytes.h"

namespace vitral::nn {
namespace {

constexpr std::int64_t kWidth = 64, kDepth = 8;

/// Eight residual parts of dropout between two products.
struct Chain {
  Tensors weights;
  Chain() {
    for (std::int64_t i = 0; i < 2 * kDepth; ++i) {
      weights.push_back(test::hashed({kWidth, kWidth}, 10 + i, 0, 0.2).requires_grad_());
    }
  }
  at::Tensor forward(at::Tensor x, const at::Tensor& shift) const {
    for (std::size_t i = 0; i < weights.size(); i += 2) {
      const auto part = [this, i](const Tensors& in) {
        const auto inner = at::dropout(at::linear(in[0] + in[1], weights[i]).tanh(), 0.3, true);
        return Tensors{in[0] + at::linear(inner, weights[i + 1]).sin()};
      };
      x = checkpointed(part, Tensors{x, shift})[0];
    }
    return x;
  }
};

struct Run {
  double loss = 0;
  Tensors gradients;
  std::int64_t peak = 0;
  at::Tensor random_after;
};

Run run(bool checkpointing, bool autocast = false) {
  at::manual_seed(7);
  const Chain chain;
  const auto x = test::hashed({256, kWidth}, 1).requires_grad_(), shift = test::hashed({1, kWidth}, 2).requires_grad_();
  Run result;
  result.peak = test::peak_bytes([&] {
    at::Tensor loss;
    {
      const CheckpointScope scope(checkpointing);
      at::autocast::set_autocast_enabled(at::kCPU, autocast);
      loss = chain.forward(x, shift).to(at::kFloat).square().mean();
      at::autocast::set_autocast_enabled(at::kCPU, false);
      at::autocast::clear_cache();
    }
    loss.backward();
    result.loss = loss.item<double>();
  });
  for (const auto& each : chain.weights) result.gradients.push_back(each.grad());
  result.gradients.push_back(x.grad());
  result.gradients.push_back(shift.grad());
  result.random_after = at::rand({4});
  return result;
}

void expect_same(const Run& plain, const Run& checkpointed) {
  EXPECT_EQ(plain.loss, checkpointed.loss);
  EXPECT_TRUE(at::equal(plain.random_after, checkpointed.random_after));
  for (std::size_t i = 0; i + 1 < plain.gradients.size(); ++i) {
    EXPECT_TRUE(at::equal(plain.gradients[i], checkpointed.gradients[i])) << i;
  }
  // The shift enters every part: its gradient is a sum, whose order another walk through the graph may change.
  const auto difference = (plain.gradients.back() - checkpointed.gradients.back()).abs().max().item<double>();
  EXPECT_LE(difference, 1e-6 * plain.gradients.back().abs().max().item<double>());
}

TEST(Checkpoint, GradientsAreThoseOfAPlainRunBitForBit) {
  expect_same(run(false), run(true));
}

TEST(Checkpoint, TheSecondTimeIsUnderTheSameAutocast) {
  const auto plain = run(false, true), checkpointed = run(true, true);
  EXPECT_NE(plain.loss, run(false).loss) << "autocast changed nothing";
  expect_same(plain, checkpointed);
}

TEST(Checkpoint, HoldsOnePartAtATime) {
  const auto plain = run(false).peak, checkpointed = run(true).peak;
  EXPECT_LT(static_cast<double>(checkpointed), 0.5 * static_cast<double>(plain));
}

TEST(Checkpoint, ABatchCountsOnceInItsStatistics) {
  const auto statistics = [](bool checkpointing) {
    BatchNorm2d norm(4, 1e-5, 0.1);
    const auto x = test::hashed({2, 4, 5, 5}, 3).requires_grad_();
    const CheckpointScope scope(checkpointing);
    checkpointed([&norm](const at::Tensor& in) { return norm->normalize(in).square(); }, x).sum().backward();
    EXPECT_EQ(norm->num_batches_tracked.item<std::int64_t>(), 1);
    return std::pair{norm->running_var.clone(), x.grad().clone()};
  };
  const auto plain = statistics(false), checkpointed = statistics(true);
  EXPECT_TRUE(at::equal(plain.first, checkpointed.first));
  EXPECT_TRUE(at::equal(plain.second, checkpointed.second));
}

TEST(Checkpoint, OutputsThatNobodyUsesAndUndefinedInputsAreNoTrouble) {
  const auto x = test::hashed({3}, 1).requires_grad_();
  const CheckpointScope scope(true);
  const auto part = [](const Tensors& in) {
    EXPECT_FALSE(in[0].defined());
    return Tensors{in[1] * 2, in[1] * 3};
  };
  checkpointed(part, Tensors{at::Tensor(), x})[1].sum().backward();
  EXPECT_TRUE(at::equal(x.grad(), at::full({3}, 3.0)));
}

TEST(Checkpoint, IsOffWithoutAScopeOrWithoutGradients) {
  int calls = 0;
  const auto part = [&calls](const Tensors& in) {
    ++calls;
    return Tensors{in[0].exp()};
  };
  const auto x = test::hashed({3}, 1).requires_grad_();
  checkpointed(part, Tensors{x})[0].sum().backward();
  EXPECT_EQ(calls, 1);
  const CheckpointScope scope(true);
  {
    const at::NoGradGuard no_grad;
    EXPECT_FALSE(checkpointed(part, Tensors{x})[0].requires_grad());
  }
  EXPECT_EQ(calls, 2);
  checkpointed(part, Tensors{x})[0].sum().backward();
  EXPECT_EQ(calls, 4);
}

}  // namespace
}  // namespace vitral::nn
