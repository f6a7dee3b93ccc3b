/// The patterns of keymap.h, compiled: match a name, and write one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vitral::weights {

/// Variables and what they stand for: numbers, and text for `p`.
struct Captures {
  std::map<char, std::int64_t> numbers;
  std::optional<std::string> rest;
  bool operator==(const Captures&) const = default;
};

class Pattern {
 public:
  /// The empty pattern: matches nothing.
  Pattern() = default;
  /// Throws Error(failed) where `text` is malformed.
  explicit Pattern(std::string text);

  bool empty() const { return spellings_.empty(); }
  std::optional<Captures> match(std::string_view name) const;
  /// The name in its first spelling, or nothing where a number would be negative.
  std::optional<std::string> fill(const Captures& values) const;
  /// The name in every spelling.
  std::vector<std::string> spellings(const Captures& values) const;
  std::set<char> variables() const;

 private:
  struct Piece {
    std::string literal;     // where variable is 0
    char variable = 0;       // 'p' or a number's letter
    std::int64_t scale = 1;  // the name shows scale · variable + shift
    std::int64_t shift = 0;
  };
  using Spelling = std::vector<Piece>;

  static Spelling parse(std::string_view text);
  static Piece parse_variable(std::string_view body);
  static bool match_from(const Spelling& pieces, std::size_t piece, std::string_view name, Captures& values);
  static std::set<char> variables_of(const Spelling& pieces);
  static std::optional<std::string> fill(const Spelling& pieces, const Captures& values);

  std::vector<Spelling> spellings_;  // one for every choice of alternatives, the first choices first
};

}  // namespace vitral::weights
