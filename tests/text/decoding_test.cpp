#include "text/decoding.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "common/core/error.h"
#include "common/runtime/prepare.h"
#include "tests/text/support.h"

namespace vitral::text {
namespace {

DecodeOptions options_of(Search search) {
  DecodeOptions options;
  options.search = search;
  options.most = 40;
  options.seed = 5;
  return options;
}

TEST(Decoding, TheCacheChangesNoToken) {
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    auto network = test::tiny_network(seed);
    const auto [source, padding] = test::two_sources();
    for (const auto search : {Search::greedy, Search::beam, Search::sample}) {
      auto options = options_of(search);
      const auto cached = decode(network, source, padding, options);
      options.cache = false;
      const auto plain = decode(network, source, padding, options);
      ASSERT_EQ(cached.size(), 2u);
      for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(cached[i].tokens, plain[i].tokens);
        EXPECT_NEAR(cached[i].log_probability, plain[i].log_probability, 1e-3);
      }
    }
  }
}

TEST(Decoding, TwoHundredTokensAreTheSameWithTheCache) {
  at::manual_seed(8);
  Seq2Seq network(seq2seq_preset("tiny").source_tokens(50).target_tokens(50).dropout(0));
  prepare_for_inference(*network, nn::Precision::fp32);
  const auto source = at::randint(3, 50, {1, 30}, at::kLong);
  auto options = options_of(Search::greedy);
  options.most = 200;
  options.end = -1;  // never
  const auto cached = decode(network, source, {}, options)[0].tokens;
  options.cache = false;
  EXPECT_EQ(cached.size(), 200u);
  EXPECT_EQ(cached, decode(network, source, {}, options)[0].tokens);
}

TEST(Decoding, ABatchEqualsItsRows) {
  auto network = test::tiny_network(7);
  const auto [source, padding] = test::two_sources();
  const auto both = decode(network, source, padding, options_of(Search::greedy));
  EXPECT_EQ(decode(network, source.slice(0, 0, 1), {}, options_of(Search::greedy))[0].tokens, both[0].tokens);
  EXPECT_EQ(decode(network, source.slice(0, 1, 2).slice(1, 0, 4), {}, options_of(Search::greedy))[0].tokens,
            both[1].tokens);
}

TEST(Decoding, OneBeamIsGreedyAndMoreAreNotWorse) {
  for (std::uint64_t seed = 10; seed < 16; ++seed) {
    auto network = test::tiny_network(seed);
    const auto [source, padding] = test::two_sources();
    auto options = options_of(Search::beam);
    options.length_penalty = 0;
    options.most = 6;
    const auto greedy = decode(network, source, padding, [&] {
      auto o = options;
      o.search = Search::greedy;
      return o;
    }());
    options.beams = 9 * 9;
    const auto wide = decode(network, source, padding, options);
    for (std::size_t i = 0; i < 2; ++i) EXPECT_GE(wide[i].log_probability, greedy[i].log_probability - 1e-4);
  }
}

/// The best sentence of at most `most` tokens by looking at all of them.
Sentence best_of_all(Seq2Seq& network, const at::Tensor& source, const DecodeOptions& options) {
  const at::NoGradGuard no_grad;
  const auto state = network->read(source, {});
  Sentence best;
  double best_score = -1e30;
  const auto score = [&](const Sentence& s) {
    const auto length = static_cast<double>(s.tokens.size() + (s.ended ? 1 : 0));
    return s.log_probability / std::pow((5 + length) / 6, options.length_penalty);
  };
  const auto visit = [&](const auto& self, const Sentence& so_far) -> void {
    std::vector<std::int64_t> written{options.start};
    written.insert(written.end(), so_far.tokens.begin(), so_far.tokens.end());
    const auto logits = network->all_next(at::tensor(written, at::kLong).unsqueeze(0), state)[0][-1];
    const auto log_p = at::log_softmax(logits, 0);
    for (std::int64_t token = 0; token < log_p.size(0); ++token) {
      auto next = so_far;
      next.log_probability += log_p[token].item<double>();
      next.ended = token == options.end;
      if (!next.ended) next.tokens.push_back(token);
      const bool closed = next.ended || static_cast<std::int64_t>(next.tokens.size()) == options.most;
      if (closed && score(next) > best_score) {
        best_score = score(next);
        best = next;
      }
      if (!closed) self(self, next);
    }
  };
  visit(visit, {});
  return best;
}

TEST(Decoding, WideBeamsFindTheBestOfAllSentences) {
  for (std::uint64_t seed = 20; seed < 24; ++seed) {
    auto network = test::tiny_network(seed, 5);
    const auto source = at::randint(3, 5, {1, 4}, at::kLong);
    for (const double penalty : {0.0, 0.6, 2.0}) {
      auto options = options_of(Search::beam);
      options.most = 4;
      options.beams = 300;  // more than there are open sentences
      options.length_penalty = penalty;
      const auto found = decode(network, source, {}, options)[0], best = best_of_all(network, source, options);
      EXPECT_EQ(found.tokens, best.tokens) << "penalty " << penalty;
      EXPECT_EQ(found.ended, best.ended);
      EXPECT_NEAR(found.log_probability, best.log_probability, 1e-4);
    }
  }
}

TEST(Decoding, DrawsWithTheNetworksProbabilities) {
  auto network = test::tiny_network(30, 6);
  const at::NoGradGuard no_grad;
  const auto source = at::randint(3, 6, {1, 4}, at::kLong);
  const auto rows = source.expand({4000, 4}).contiguous();
  auto options = options_of(Search::sample);
  options.most = 1;
  const auto p = at::softmax(network->all_next(at::full({1, 1}, 1, at::kLong), network->read(source, {}))[0][0], 0);
  const auto counts_of = [&] {
    std::map<std::int64_t, int> counts;
    for (const auto& sentence : decode(network, rows, {}, options)) ++counts[sentence.ended ? 2 : sentence.tokens[0]];
    return counts;
  };
  auto counts = counts_of();
  for (std::int64_t token = 0; token < 6; ++token) EXPECT_NEAR(counts[token] / 4000.0, p[token].item<double>(), 0.03);
  options.top_k = 1;
  EXPECT_EQ(counts_of().size(), 1u);
  EXPECT_EQ(counts_of().begin()->first, p.argmax().item<std::int64_t>());
  options.top_k = 0;
  options.top_p = 1e-6;
  EXPECT_EQ(counts_of().size(), 1u);
  options.top_p = 1;
  options.temperature = 1e-3;
  EXPECT_EQ(counts_of().size(), 1u);
}

TEST(Decoding, TheSameSeedDrawsTheSame) {
  auto network = test::tiny_network(31);
  const auto [source, padding] = test::two_sources();
  auto options = options_of(Search::sample);
  const auto first = decode(network, source, padding, options), again = decode(network, source, padding, options);
  EXPECT_EQ(first[0].tokens, again[0].tokens);
  options.seed = 6;
  const auto other = decode(network, source, padding, options);
  EXPECT_TRUE(other[0].tokens != first[0].tokens || other[1].tokens != first[1].tokens);
}

TEST(Decoding, StopsWhereTheNetworkEnds) {
  auto network = test::tiny_network(32);
  const auto [source, padding] = test::two_sources();
  auto options = options_of(Search::greedy);
  options.most = 100'000;
  for (const auto& sentence : decode(network, source, padding, options)) EXPECT_LE(sentence.tokens.size(), 256u);
}

TEST(Decoding, RefusesOptionsOutOfRange) {
  auto network = test::tiny_network(33);
  const auto [source, padding] = test::two_sources();
  const auto refuses = [&, &s = source](auto change) {
    auto options = options_of(Search::greedy);
    change(options);
    EXPECT_THROW(decode(network, s, {}, options), Error);
  };
  refuses([](auto& o) { o.most = 0; });
  refuses([](auto& o) { o.beams = 0; });
  refuses([](auto& o) { o.temperature = 0; });
  refuses([](auto& o) { o.top_k = -1; });
  refuses([](auto& o) { o.top_p = 0; });
  refuses([](auto& o) { o.length_penalty = -1; });
}

}  // namespace
}  // namespace vitral::text
