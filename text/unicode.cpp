#include "text/unicode.h"

#include <algorithm>
#include <iterator>

namespace vitral::text {
namespace {

struct Range {
  char32_t first, last;
};
struct Mapping {
  char32_t from;
  char32_t to[4];  // zeros behind the last
};

#include "text/unicode_tables.inc"

template <std::size_t N>
bool within(const Range (&ranges)[N], char32_t point) {
  const auto after = std::upper_bound(std::begin(ranges), std::end(ranges), point,
                                      [](char32_t value, const Range& range) { return value < range.first; });
  return after != std::begin(ranges) && point <= std::prev(after)->last;
}

template <std::size_t N>
const Mapping* mapping_of(const Mapping (&table)[N], char32_t point) {
  const auto found = std::lower_bound(std::begin(table), std::end(table), point,
                                      [](const Mapping& mapping, char32_t value) { return mapping.from < value; });
  return found != std::end(table) && found->from == point ? found : nullptr;
}

template <std::size_t N>
std::u32string mapped(const Mapping (&table)[N], std::u32string_view text) {
  std::u32string result;
  result.reserve(text.size());
  for (const auto point : text) {
    const auto* mapping = mapping_of(table, point);
    if (mapping == nullptr) {
      result.push_back(point);
      continue;
    }
    for (const auto to : mapping->to) {
      if (to != 0) result.push_back(to);
    }
  }
  return result;
}

}  // namespace

bool is_white_space(char32_t point) {
  return point == U' ' || point == U'\t' || point == U'\n' || point == U'\r' || within(kBlanks, point);
}

bool is_control(char32_t point) {
  return within(kControl, point);
}

bool is_punctuation(char32_t point) {
  const bool ascii = (point >= 33 && point <= 47) || (point >= 58 && point <= 64) || (point >= 91 && point <= 96) ||
                     (point >= 123 && point <= 126);
  return ascii || within(kPunctuation, point);
}

bool is_ideograph(char32_t point) {
  constexpr Range kBlocks[] = {{0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},   {0x20000, 0x2A6DF},
                               {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B820, 0x2CEAF}, {0x2F800, 0x2FA1F}};
  return within(kBlocks, point);
}

bool is_mark(char32_t point) {
  return within(kMarks, point);
}

std::u32string lower(std::u32string_view text) {
  return mapped(kLower, text);
}

std::u32string decompose(std::u32string_view text) {
  constexpr char32_t kSyllables = 0xAC00, kLead = 0x1100, kVowel = 0x1161, kTail = 0x11A7;
  std::u32string spelled;  // Hangul syllables as letters, by arithmetic (Unicode 3.12)
  for (const auto point : text) {
    if (point < kSyllables || point > 0xD7A3) {
      spelled.push_back(point);
      continue;
    }
    const char32_t index = point - kSyllables;
    spelled.push_back(kLead + index / 588);
    spelled.push_back(kVowel + index % 588 / 28);
    if (index % 28 != 0) spelled.push_back(kTail + index % 28);
  }
  return mapped(kDecomposed, spelled);
}

}  // namespace vitral::text
