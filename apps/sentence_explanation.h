/// What a text network looked at in one sentence.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

#include "apps/explanation.h"

namespace vitral::apps {

struct TokenLayer {
  std::string name;
  bool crosses = false;  ///< from what is written to what was read, else inside what was read
  at::Tensor weights;    ///< fp32 [H, N, M] on the CPU
};

struct SentenceExplanation {
  ExplainMethod method = ExplainMethod::last;
  std::vector<std::string> read;     ///< tokens of the sentence
  std::vector<std::string> written;  ///< and of the answer, where the network gives one
  std::vector<TokenLayer> layers;
  std::size_t shown = 0;  ///< the layer that `map` is of, or the last one of those that rollout multiplies
  bool map_crosses = false;
  at::Tensor map;  ///< fp32 [N, M]: what each token looks at
};

/// `model` is a folder of BERT, or a file of `vitral text train --task seq2seq`, whose answer is decoded greedily; the
/// method is `last` (one layer) or `rollout` (over those of the encoder). Throws Error(weights) for what is no text
/// model, Error(input) for a sentence that is empty or longer than the network takes, Error(usage) for a method, layer
/// or head that does not exist, naming those that do.
SentenceExplanation explain_sentence(const std::filesystem::path& model, const std::string& sentence,
                                     const ExplainOptions& options);

}  // namespace vitral::apps
