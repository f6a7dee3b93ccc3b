#include "text/seq2seq.h"

#include <gtest/gtest.h>

#include "common/core/error.h"
#include "common/runtime/prepare.h"
#include "tests/text/support.h"

namespace vitral::text {
namespace {

using test::expect_close;
using test::expect_equal;

TEST(Seq2Seq, ThePaddingOfASourceChangesNothing) {
  auto network = test::tiny_network(1);
  const at::NoGradGuard no_grad;
  const auto [source, padding] = test::two_sources();
  const auto target = at::randint(3, 9, {2, 5}, at::kLong);
  const auto both = network->forward(source, padding, target);
  ASSERT_EQ(both.sizes(), (at::IntArrayRef{2, 5, 9}));
  expect_close(network->forward(source.slice(0, 1, 2).slice(1, 0, 4), {}, target.slice(0, 1, 2)), both.slice(0, 1, 2),
               1e-5);
}

TEST(Seq2Seq, NobodyLooksAhead) {
  auto network = test::tiny_network(2);
  const at::NoGradGuard no_grad;
  const auto [source, padding] = test::two_sources();
  auto target = at::randint(3, 9, {2, 7}, at::kLong);
  const auto before = network->forward(source, padding, target);
  target.slice(1, 4).fill_(3);
  const auto after = network->forward(source, padding, target);
  expect_close(after.slice(1, 0, 4), before.slice(1, 0, 4), 1e-6);
  EXPECT_GT((after - before).slice(1, 4).abs().max().item<float>(), 1e-3);
}

TEST(Seq2Seq, StepsEqualTheWhole) {
  auto network = test::tiny_network(3);
  for (const bool prepared : {false, true}) {
    if (prepared) prepare_for_inference(*network, nn::Precision::fp32);
    const at::NoGradGuard no_grad;
    const auto [source, padding] = test::two_sources();
    const auto target = at::randint(3, 9, {2, 8}, at::kLong);
    auto state = network->read(source, padding);
    const auto whole = network->all_next(target, state);
    std::vector<at::Tensor> parts{network->next(target.slice(1, 0, 3), state),
                                  network->next(target.slice(1, 3, 5), state)};
    for (int i = 5; i < 8; ++i) parts.push_back(network->next(target.slice(1, i, i + 1), state));
    expect_close(at::cat(parts, 1), whole, 1e-5);
    EXPECT_EQ(state.written, 8);
  }
}

TEST(Seq2Seq, EveryParameterGetsAGradient) {
  for (const bool shared : {false, true}) {
    at::manual_seed(4);
    Seq2Seq network(test::tiny_options().shared(shared).dropout(0.1));
    const auto [source, padding] = test::two_sources();
    const auto target = at::randint(3, 9, {2, 5}, at::kLong);
    smoothed_loss(network->forward(source, padding, target), target, 0, 0.1).backward();
    for (const auto& parameter : network->named_parameters()) {
      ASSERT_TRUE(parameter.value().grad().defined()) << parameter.key();
      EXPECT_GT(parameter.value().grad().abs().sum().item<float>(), 0) << parameter.key();
    }
  }
}

TEST(Seq2Seq, CloneIsEqualAndSeparate) {
  auto network = test::tiny_network(5);
  auto clone = std::dynamic_pointer_cast<Seq2SeqImpl>(network->clone());
  const at::NoGradGuard no_grad;
  const auto [source, padding] = test::two_sources();
  expect_equal(clone->forward(source, padding, source), network->forward(source, padding, source));
  clone->target_embed->weight.add_(1);
  EXPECT_FALSE(at::equal(clone->target_embed->weight, network->target_embed->weight));
}

TEST(Seq2Seq, ThePresetHasThePapersSize) {
  // 6 x (4 d^2 + 2 d h + 5 vectors…): counted by torch.nn.Transformer(512, 8, 6, 6, 2048), and the vectors of 100
  // tokens.
  Seq2Seq network(seq2seq_preset("base").source_tokens(100).target_tokens(100).shared(true));
  std::int64_t count = 0;
  for (const auto& parameter : network->parameters()) count += parameter.numel();
  EXPECT_EQ(count, 44'140'544 + 100 * 512);
}

TEST(Seq2Seq, RefusesWhatMakesNoNetwork) {
  EXPECT_THROW(Seq2Seq(seq2seq_preset("tiny")), Error);
  EXPECT_THROW(Seq2Seq(test::tiny_options().heads(3)), Error);
  EXPECT_THROW(Seq2Seq(test::tiny_options().target_tokens(8).shared(true)), Error);
  EXPECT_THROW(seq2seq_preset("huge"), Error);
  auto network = test::tiny_network(6);
  EXPECT_THROW(network->read(at::full({1, 257}, 4, at::kLong), {}), Error);
  EXPECT_THROW(network->read(at::full({1, 3}, 9, at::kLong), {}), Error);
  EXPECT_THROW(network->read(at::full({1, 3}, -1, at::kLong), {}), Error);
}

TEST(SmoothedLoss, IsTheTextbooks) {
  at::manual_seed(7);
  const auto logits = at::randn({1, 3, 4});
  const auto wanted = at::tensor({2, 0, 1}, at::kLong).view({1, 3});  // 0 is padding
  double sum = 0;
  for (const int m : {0, 2}) {
    const auto log_p = at::log_softmax(logits[0][m], 0);
    sum -= 0.9 * log_p[wanted[0][m].item<std::int64_t>()].item<double>() + 0.1 * log_p.mean().item<double>();
  }
  EXPECT_NEAR(smoothed_loss(logits, wanted, 0, 0.1).item<double>(), sum / 2, 1e-6);
}

TEST(WarmupRate, RisesAndFalls) {
  EXPECT_NEAR(warmup_rate(4000, 512, 4000), 6.9877e-4, 1e-8);
  EXPECT_NEAR(warmup_rate(1000, 512, 4000) / warmup_rate(500, 512, 4000), 2, 1e-9);
  EXPECT_NEAR(warmup_rate(16000, 512, 4000) / warmup_rate(4000, 512, 4000), 0.5, 1e-9);
}

}  // namespace
}  // namespace vitral::text
