#include "common/core/text.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace vitral {
namespace {

/// Length of the well-formed sequence at the front of `s`, 0 where there is none; `code` gets the character.
std::size_t decode_utf8(std::string_view s, char32_t& code) {
  if (s.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) {
    code = lead;
    return 1;
  }
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || s.size() < length) return 0;
  code = lead & (0xFF >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = (code << 6) | (byte(i) & 0x3F);
  }
  const char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < smallest[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return 0;
  return length;
}

/// Control characters and those that turn the reading direction or hide in a terminal.
bool must_escape(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x2069) || c == 0xFEFF || (c >= 0xE0000 && c <= 0xE007F);
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  char32_t code = 0;
  while (!bytes.empty()) {
    const std::size_t length = decode_utf8(bytes, code);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::string printable(std::string_view text, std::size_t max_bytes) {
  static constexpr std::string_view kCut = "…";
  std::string out;
  std::size_t safe_end = 0;  // where the text may be cut so that the mark still fits
  while (!text.empty()) {
    char32_t code = 0;
    const std::size_t length = decode_utf8(text, code);
    char escaped[16];
    std::string_view piece = text.substr(0, std::max<std::size_t>(length, 1));
    if (length == 0) {
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(text[0]));
      piece = escaped;
    } else if (must_escape(code)) {
      std::snprintf(escaped, sizeof escaped, code < 0x100 ? "\\x%02x" : "\\u{%x}", static_cast<unsigned>(code));
      piece = escaped;
    }
    if (out.size() + kCut.size() <= max_bytes) safe_end = out.size();
    if (out.size() + piece.size() > max_bytes) {
      out.resize(safe_end);
      return out.append(kCut);
    }
    out += piece;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitution});
    }
  }
  return row[b.size()];
}

std::vector<std::string> nearest_names(std::string_view word, const std::vector<std::string>& names, std::size_t count) {
  struct Candidate {
    bool contains;
    std::size_t distance;
    const std::string* name;
  };
  word = word.substr(0, 256);  // a word of megabytes has no near miss, and the distance is quadratic
  std::vector<Candidate> candidates;
  for (const auto& name : names) {
    const bool contains = word.size() >= 3 && name.find(word) != std::string::npos;
    candidates.push_back({contains, edit_distance(word, name), &name});
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.contains != b.contains ? a.contains : a.distance < b.distance;
  });
  std::vector<std::string> nearest;
  for (const auto& candidate : candidates) {
    if (nearest.size() == count) break;
    nearest.push_back(*candidate.name);
  }
  return nearest;
}

bool glob_match(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || (pattern[p] != '*' && pattern[p] == text[t]))) {
      ++p, ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::string human_bytes(std::uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) value /= 1024, ++unit;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text;
}

}  // namespace vitral
