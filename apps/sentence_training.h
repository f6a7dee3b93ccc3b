/// Training a Transformer on pairs of sentences.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "text/model_files.h"

namespace vitral::apps {

/// Sentences and what they are to become.
struct SentencePairs {
  std::vector<std::string> source, target;
};

/// Two columns with a tab between them, a pair a line. Throws Error(input) naming the line that has not.
SentencePairs read_pairs(const std::string& path);

struct SentenceTraining {
  std::int64_t epochs = 10, batch = 64, max_steps = 0;
  double rate = 1.0;          ///< factor of the paper's schedule
  std::int64_t warmup = 400;  ///< steps
  double smoothing = 0.1;     ///< of labels
  double clip = 1.0;          ///< norm of all gradients at most, 0: not limited
  std::uint64_t seed = 0;
};

/// What an epoch came to.
struct SentenceEpoch {
  std::int64_t epoch = 0, step = 0;
  double loss = 0;   ///< of training, per token
  double exact = 0;  ///< share of `val` that is written without a mistake, greedily
  double seconds = 0;
};

/// Share of the pairs that the network writes without a mistake.
double exact_matches(text::SentenceModel& model, const SentencePairs& pairs, std::int64_t batch);

/// Trains with teacher forcing, Adam and the warm-up schedule of Vaswani et al. 2017, section 5. `finished` hears each
/// epoch; `stop` is asked after each step. Throws Error(failed) where the loss is no number.
void train_sentences(text::SentenceModel& model, const SentencePairs& train, const SentencePairs& val,
                     const SentenceTraining& options, const std::function<void(const SentenceEpoch&)>& finished,
                     const std::function<bool(std::int64_t step, std::int64_t steps)>& stop);

}  // namespace vitral::apps
