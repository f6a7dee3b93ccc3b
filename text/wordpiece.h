/// BERT's tokenizer: text is cleaned and cut at white space and punctuation, words become the longest known pieces.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/vocabulary.h"

namespace vitral::text {

struct WordPieceOptions {
  bool lower = true;                ///< lower case, accents off
  bool separate_ideographs = true;  ///< each CJK character is a word
  std::size_t longest_word = 100;   ///< code points; longer ones are unknown
};

/// What one text became.
struct Encoded {
  std::vector<std::int64_t> ids;    ///< with [CLS] and [SEP]
  std::vector<std::int64_t> types;  ///< 0 for the first text, 1 for the second
  bool cut = false;                 ///< it was longer than asked for
};

class WordPiece {
 public:
  /// Throws Error(weights) where [CLS], [SEP], [UNK] or [PAD] are missing.
  explicit WordPiece(Vocabulary vocabulary, WordPieceOptions options = {});

  /// The pieces of a text, "##" before those that go on. Throws Error(input) for what is no UTF-8.
  std::vector<std::string> pieces(std::string_view text) const;
  /// [CLS] text [SEP], with a second text [CLS] text [SEP] second [SEP]; at most `most` tokens: the longer of the two
  /// is cut.
  Encoded encode(std::string_view text, std::size_t most) const;
  Encoded encode(std::string_view text, std::string_view second, std::size_t most) const;

  const Vocabulary& vocabulary() const { return vocabulary_; }
  std::int64_t pad() const { return pad_; }

 private:
  void add_word(std::u32string_view word, std::vector<std::string>& pieces) const;
  std::vector<std::int64_t> ids(std::string_view text) const;

  Vocabulary vocabulary_;
  WordPieceOptions options_;
  std::int64_t start_, separator_, unknown_, pad_;
};

/// The words of a text: cleaned of control characters, lower-cased without accents where asked, cut at white space,
/// with each punctuation mark (and ideograph) a word of its own.
std::vector<std::u32string> basic_words(std::u32string_view text, const WordPieceOptions& options);

}  // namespace vitral::text
