/// Training a Transformer on pairs of sentences.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "text/decoding.h"
#include "text/model_files.h"

namespace vitral::apps {

/// Sentences and what they are to become.
struct SentencePairs {
  std::vector<std::string> source, target;
};

/// Two columns with a tab between them, a pair a line. Throws Error(input) naming the line that has not.
SentencePairs read_pairs(const std::string& path);

struct SentenceTraining {
  std::int64_t epochs = 10, batch = 64, max_steps = 0;  ///< 0: as many as the epochs have
  double rate = 1.0;                                    ///< factor of the paper's schedule
  std::int64_t warmup = 400;                            ///< steps
  double smoothing = 0.1;                               ///< of labels
  double clip = 1.0;                                    ///< norm of all gradients at most, 0: not limited
  std::uint64_t seed = 0;
};

/// What an epoch came to.
struct SentenceEpoch {
  std::int64_t epoch = 0, step = 0;
  double rate = 0;     ///< learning rate of the last step
  double loss = 0;     ///< of training, per token
  double exact = 0;    ///< share of the validation that is written without a mistake, greedily; 0 without one
  double seconds = 0;  ///< of training and validation
};

/// Who is told how training goes.
class SentenceListener {
 public:
  virtual ~SentenceListener() = default;
  virtual void stepped(std::int64_t step, std::int64_t steps, double loss) = 0;
  virtual void finished(const SentenceEpoch& epoch) = 0;
  /// Asked after each step: end with this epoch's validation?
  virtual bool stops() = 0;
};

/// What the network writes to each of `lines`, in their order, `batch` at a time: `written` hears each sentence with
/// its line's index.
void write_sentences(text::SentenceModel& model, std::span<const std::string> lines, const text::DecodeOptions& options,
                     std::int64_t batch, const std::function<void(std::size_t, const text::Sentence&)>& written);

/// Trains with teacher forcing, Adam and the warm-up schedule of Vaswani et al. 2017, section 5. `val` may be empty.
/// Throws Error(failed) where the loss is no number, Error(input) for a pair longer than the network takes.
void train_sentences(text::SentenceModel& model, const SentencePairs& train, const SentencePairs& val,
                     const SentenceTraining& options, SentenceListener& listener);

}  // namespace vitral::apps
