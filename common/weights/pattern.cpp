#include "common/weights/pattern.h"

#include <algorithm>
#include <charconv>

#include "common/core/error.h"

namespace vitral::weights {
namespace {

constexpr char kRest = 'p';

[[noreturn]] void malformed(std::string_view pattern, std::string_view why) {
  throw Error(ErrorKind::failed, "key pattern '" + std::string(pattern) + "'", why);
}

/// "a(b|c)d(|e)" -> abd, abde, acd, acde: every choice of alternatives, the first ones first.
std::vector<std::string> expand(std::string_view text) {
  std::vector<std::string> expanded{""};
  while (!text.empty()) {
    const std::size_t open = std::min(text.find('('), text.size());
    for (auto& prefix : expanded) prefix += text.substr(0, open);
    if (open == text.size()) break;
    const std::size_t close = text.find(')', open);
    if (close == std::string_view::npos) malformed(text, "lacks a ')'");
    std::string_view choices = text.substr(open + 1, close - open - 1);
    std::vector<std::string> longer;
    for (const auto& prefix : expanded) {
      for (std::string_view rest = choices;;) {
        const std::size_t bar = std::min(rest.find('|'), rest.size());
        longer.push_back(prefix + std::string(rest.substr(0, bar)));
        if (bar == rest.size()) break;
        rest.remove_prefix(bar + 1);
      }
    }
    expanded = std::move(longer);
    text.remove_prefix(close + 1);
  }
  return expanded;
}

std::optional<std::int64_t> to_number(std::string_view digits) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace

Pattern::Pattern(std::string text) {
  for (const auto& spelling : expand(text)) {
    spellings_.push_back(parse(spelling));
    if (variables_of(spellings_.back()) != variables_of(spellings_.front()))
      malformed(text, "has alternatives of different variables");
  }
}

std::set<char> Pattern::variables_of(const Spelling& pieces) {
  std::set<char> all;
  for (const auto& piece : pieces) {
    if (piece.variable != 0) all.insert(piece.variable);
  }
  return all;
}

Pattern::Spelling Pattern::parse(std::string_view text) {
  Spelling pieces;
  const std::string_view whole = text;
  while (!text.empty()) {
    const std::size_t open = std::min(text.find('{'), text.size());
    if (open > 0) pieces.push_back({std::string(text.substr(0, open))});
    text.remove_prefix(open);
    if (text.empty()) break;
    const std::size_t close = text.find('}');
    if (close == std::string_view::npos) malformed(whole, "lacks a '}'");
    pieces.push_back(parse_variable(text.substr(1, close - 1)));
    text.remove_prefix(close + 1);
  }
  const auto rests =
      std::count_if(pieces.begin(), pieces.end(), [](const Piece& piece) { return piece.variable == kRest; });
  if (rests > 1) malformed(whole, "has {p} twice");
  return pieces;
}

/// "i", "i+1", "2s", "2s+1", "p".
Pattern::Piece Pattern::parse_variable(std::string_view body) {
  const std::size_t letter = std::min(body.find_first_not_of("0123456789"), body.size());
  if (letter == body.size() || body[letter] < 'a' || body[letter] > 'z') malformed(body, "is no variable");
  Piece piece{"", body[letter]};
  if (letter > 0) piece.scale = to_number(body.substr(0, letter)).value_or(0);
  if (const std::string_view shift = body.substr(letter + 1); !shift.empty()) {
    const auto number = to_number(shift.substr(1));
    if ((shift[0] != '+' && shift[0] != '-') || !number) malformed(body, "is no variable");
    piece.shift = shift[0] == '+' ? *number : -*number;
  }
  if (piece.scale <= 0 || (piece.variable == kRest && body.size() > 1)) malformed(body, "is no variable");
  return piece;
}

std::optional<Captures> Pattern::match(std::string_view name) const {
  for (const auto& spelling : spellings_) {
    Captures values;
    if (match_from(spelling, 0, name, values)) return values;
  }
  return std::nullopt;
}

bool Pattern::match_from(const Spelling& pieces, std::size_t at, std::string_view name, Captures& values) {
  for (; at < pieces.size(); ++at) {
    const Piece& piece = pieces[at];
    if (piece.variable == kRest) {
      // At most one in a pattern, so this is the only place that tries: the longest text first.
      for (std::size_t length = name.size(); length > 0; --length) {
        Captures attempt = values;
        attempt.rest = name.substr(0, length);
        if (match_from(pieces, at + 1, name.substr(length), attempt)) return values = std::move(attempt), true;
      }
      return false;
    }
    if (piece.variable == 0) {
      if (!name.starts_with(piece.literal)) return false;
      name.remove_prefix(piece.literal.size());
      continue;
    }
    const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
    const auto shown = to_number(name.substr(0, digits));
    if (!shown || (digits > 1 && name[0] == '0')) return false;
    const std::int64_t scaled = *shown - piece.shift;
    if (scaled < 0 || scaled % piece.scale != 0) return false;
    const auto [entry, is_new] = values.numbers.emplace(piece.variable, scaled / piece.scale);
    if (!is_new && entry->second != scaled / piece.scale) return false;
    name.remove_prefix(digits);
  }
  return name.empty();
}

std::optional<std::string> Pattern::fill(const Spelling& pieces, const Captures& values) {
  std::string name;
  for (const auto& piece : pieces) {
    if (piece.variable == 0) {
      name += piece.literal;
    } else if (piece.variable == kRest) {
      name += values.rest.value_or("");
    } else {
      const std::int64_t shown = piece.scale * values.numbers.at(piece.variable) + piece.shift;
      if (shown < 0) return std::nullopt;
      name += std::to_string(shown);
    }
  }
  return name;
}

std::optional<std::string> Pattern::fill(const Captures& values) const {
  return fill(spellings_.front(), values);
}

std::vector<std::string> Pattern::spellings(const Captures& values) const {
  std::vector<std::string> names;
  for (const auto& spelling : spellings_) {
    if (auto name = fill(spelling, values)) names.push_back(*std::move(name));
  }
  return names;
}

std::set<char> Pattern::variables() const {
  return empty() ? std::set<char>() : variables_of(spellings_.front());
}

}  // namespace vitral::weights
