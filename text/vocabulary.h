/// Tokens and their numbers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vitral::text {

class Vocabulary {
 public:
  /// Token i is tokens[i]. Throws Error(weights, subject, …) for none, or one that is there twice.
  explicit Vocabulary(std::vector<std::string> tokens, std::string_view subject = "vocabulary");

  std::int64_t size() const { return static_cast<std::int64_t>(tokens_.size()); }
  const std::vector<std::string>& tokens() const { return tokens_; }
  /// Throws Error(failed) for a number out of range.
  const std::string& token(std::int64_t id) const;
  std::optional<std::int64_t> find(std::string_view token) const;
  /// Of a token that has to be there. Throws Error(weights, subject, "has no token '…'").
  std::int64_t special(std::string_view token) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::string subject_;
  std::vector<std::string> tokens_;
  std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> ids_;
};

/// A token a line, as BERT's vocab.txt has them. Throws Error(weights) where it can't be read, is no UTF-8 (naming the
/// byte) or is empty.
Vocabulary read_vocabulary(const std::string& path);

/// How sentences of plain text become tokens and text again.
enum class Units {
  characters,  ///< each code point
  words,       ///< what stands between white space
};

/// Sentences as numbers, for networks that are trained here. The first four tokens are <pad>, <sos>, <eos> and <unk>.
class SentenceCoder {
 public:
  static constexpr std::int64_t kPad = 0, kStart = 1, kEnd = 2, kUnknown = 3;

  /// Throws Error(weights) where the special tokens are not the first ones.
  SentenceCoder(Units units, Vocabulary vocabulary);
  /// All units of the sentences that occur at least `least` times, the most frequent ones first, equal ones by bytes,
  /// at most `most` tokens with the special ones. Throws Error(input) where nothing is left.
  static SentenceCoder build(Units units, const std::vector<std::string>& sentences, std::int64_t least = 1,
                             std::int64_t most = 1'000'000);

  /// Without start and end. Throws Error(input) for what is no UTF-8.
  std::vector<std::int64_t> encode(std::string_view sentence) const;
  /// Special tokens are left out.
  std::string decode(const std::vector<std::int64_t>& ids) const;
  Units units() const { return units_; }
  const Vocabulary& vocabulary() const { return vocabulary_; }

 private:
  Units units_;
  Vocabulary vocabulary_;
};

/// The parts of a sentence, as UTF-8.
std::vector<std::string> split_units(std::string_view sentence, Units units, std::string_view subject = "text");

}  // namespace vitral::text
