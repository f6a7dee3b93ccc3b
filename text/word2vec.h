/// word2vec (Mikolov et al. 2013, Efficient Estimation of Word Representations; Distributed Representations of Words):
/// vectors that tell which words stand near which.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "text/word_vectors.h"

namespace vitral::text {

enum class Word2VecModel {
  cbow,       ///< the words around tell the one in the middle
  skip_gram,  ///< each word tells those around it
};

struct Word2VecOptions {
  Word2VecModel model = Word2VecModel::cbow;
  std::int64_t dim = 100;
  std::int64_t window = 5;     ///< words on either side at most; each place draws a width from 1 to it
  std::int64_t negative = 5;   ///< drawn words beside each true one
  double sample = 1e-3;        ///< words more frequent than this share are passed over now and then; 0: never
  std::int64_t min_count = 5;  ///< rarer words are left out
  std::int64_t epochs = 5;
  double rate = 0.025, last_rate = 1e-4;  ///< falls linearly over all words
  int threads = 1;                        ///< with one, the same seed gives the same vectors
  std::uint64_t seed = 1;
};

/// A text as numbers of words: sentences one after another, each ended by -1.
struct Corpus {
  Vocabulary words;                  ///< the most frequent ones first
  std::vector<std::int64_t> counts;  ///< of each word
  std::vector<std::int32_t> tokens;  ///< words that were left out are not there
  std::int64_t running_words = 0;    ///< in `tokens`
};

/// Words between white space; a line is a sentence. Throws Error(input) where no word occurs `min_count` times, or for
/// a line that is no UTF-8.
Corpus read_corpus(const std::vector<std::string>& lines, std::int64_t min_count);

/// Learns vectors. Threads write the same numbers without a lock, as the original's do: a lost update now and then is
/// noise, and waiting would cost more. `progress` hears the share done now and then, on the calling thread, and 1 at
/// the end. Throws Error(usage) for options out of range.
WordVectors train_word2vec(const Corpus& corpus, const Word2VecOptions& options,
                           const std::function<void(double)>& progress = {});

}  // namespace vitral::text
