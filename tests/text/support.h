/// A small Transformer that the tests of this folder share.
#pragma once

#include "tests/support/tensors.h"
#include "text/decoding.h"
#include "text/seq2seq.h"

namespace vitral::test {

inline text::Seq2SeqOptions tiny_options(std::int64_t tokens = 9) {
  return text::seq2seq_preset("tiny")
      .source_tokens(tokens)
      .target_tokens(tokens)
      .dim(16)
      .heads(2)
      .hidden(32)
      .longest(256)
      .dropout(0);
}

/// Random, and sharp enough that sentences differ.
inline text::Seq2Seq tiny_network(std::uint64_t seed, std::int64_t tokens = 9) {
  at::manual_seed(seed);
  text::Seq2Seq network(tiny_options(tokens));
  const at::NoGradGuard no_grad;
  network->target_embed->weight.mul_(2);
  network->eval();
  return network;
}

/// ids int64 [2, 6] of tokens 3 to tokens - 1, the last two of the second row padding, and that padding.
inline std::pair<at::Tensor, at::Tensor> two_sources(std::int64_t tokens = 9) {
  auto source = at::randint(3, tokens, {2, 6}, at::kLong);
  auto padding = at::zeros({2, 6}, at::kBool);
  padding[1].slice(0, 4).fill_(true);
  return {source, padding};
}

}  // namespace vitral::test
