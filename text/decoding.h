/// Sentences from a network that tells the next token: greedily, by beam search, or by drawing.
#pragma once

#include <cstdint>
#include <vector>

#include "text/seq2seq.h"

namespace vitral::text {

enum class Search { greedy, beam, sample };

struct DecodeOptions {
  Search search = Search::greedy;
  std::int64_t start = 1, end = 2;  ///< tokens that begin and end a sentence
  std::int64_t most = 256;          ///< tokens that are written at most, the end token included
  std::int64_t beams = 4;
  double length_penalty = 0.6;  ///< scores are divided by ((5 + length) / 6)^penalty (Wu et al. 2016, equation 14)
  double temperature = 1.0;     ///< of drawing
  std::int64_t top_k = 0;       ///< draw among the k most probable tokens; 0: all
  double top_p = 1.0;  ///< draw among the most probable ones that have this share together (Holtzman et al. 2020)
  std::uint64_t seed = 0;
  bool cache = true;  ///< keep keys and values of what is written; off: compute everything anew for each token
};

/// One sentence, without start and end.
struct Sentence {
  std::vector<std::int64_t> tokens;
  double log_probability = 0;  ///< of the tokens, the end included where it was written
  bool ended = false;          ///< the end token came before `most`
};

/// The best sentence for each row of source int64 [B, N] with padding bool [B, N] (true = ignore) or nothing. Beam
/// search keeps looking until no unfinished sentence can overtake the best finished one. `most` is cut to what the
/// network takes. Throws Error(usage) for options out of range.
std::vector<Sentence> decode(Seq2Seq& network, const at::Tensor& source, const at::Tensor& source_padding,
                             const DecodeOptions& options);

}  // namespace vitral::text
