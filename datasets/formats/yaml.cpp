#include "datasets/formats/yaml.h"

#include "common/core/error.h"
#include "common/core/text.h"

namespace vitral {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

/// Where the quotation that begins at `at` ends: at its closing quote, or npos.
std::size_t quote_end(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 == text.size() || text[i + 1] != quote) return i;
      ++i;  // '' is a quote inside single ones
    }
  }
  return std::string_view::npos;
}

/// The first place outside of quotations where `is_wanted(index)`, or npos.
template <class Wanted>
std::size_t find_plain(std::string_view text, Wanted is_wanted) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool opens = (text[i] == '"' || text[i] == '\'') && trimmed(text.substr(0, i)).empty();
    if (opens) {
      i = quote_end(text, i);
      if (i == std::string_view::npos) return i;
    } else if (is_wanted(i)) {
      return i;
    }
  }
  return std::string_view::npos;
}

std::string_view without_comment(std::string_view line) {
  bool in_quotes = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool starts_word = i == 0 || line[i - 1] == ' ' || line[i - 1] == '[' || line[i - 1] == ',' ||
                             line[i - 1] == '{' || line[i - 1] == ':';
    if (!in_quotes && starts_word && (line[i] == '"' || line[i] == '\'')) {
      const auto end = quote_end(line, i);
      if (end == std::string_view::npos) return line;
      i = end;
    } else if (line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
      return line.substr(0, i);
    }
  }
  return line;
}

/// Where the colon between key and value is, or npos.
std::size_t colon_of(std::string_view text) {
  return find_plain(text, [&](std::size_t i) {
    return text[i] == ':' && (i + 1 == text.size() || text[i + 1] == ' ' || text[i + 1] == '\t');
  });
}

std::string unescaped(std::string_view text) {
  std::string word;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      word += text[i];
      continue;
    }
    const char escape = text[++i];
    word += escape == 'n' ? '\n' : escape == 't' ? '\t' : escape == '0' ? '\0' : escape;
  }
  return word;
}

/// The text that a scalar stands for.
std::string word_of(std::string_view text) {
  text = trimmed(text);
  if (text.size() < 2 || (text.front() != '"' && text.front() != '\'') || text.back() != text.front()) {
    return std::string(text);
  }
  const std::string_view inside = text.substr(1, text.size() - 2);
  if (text.front() == '"') return unescaped(inside);
  std::string word;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    word += inside[i];
    if (inside[i] == '\'') ++i;
  }
  return word;
}

bool is_item(std::string_view line) {
  return line == "-" || line.starts_with("- ");
}

}  // namespace

void YamlMapping::fail(std::size_t line, const std::string& message) const {
  throw Error(ErrorKind::input, subject_ + ", line " + std::to_string(line), message);
}

YamlMapping::YamlMapping(std::string_view text, std::string subject) : subject_(std::move(subject)) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Entry* last = nullptr;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = without_comment(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view content = trimmed(line);
    if (content.empty() || content == "---") continue;
    if (line.find('\0') != std::string_view::npos) fail(number, "holds a NUL byte, expected text");
    const bool is_block = line.front() == ' ' || line.front() == '\t' || is_item(line);
    // A flow list may go on over several lines; its brackets are looked at when it is asked for.
    if (is_block || (last != nullptr && (content == "]" || content == "}"))) {
      if (last == nullptr) fail(number, "is indented, expected 'key: value'");
      last->block.emplace_back(content);
      continue;
    }
    const auto colon = colon_of(line);
    if (colon == std::string_view::npos) fail(number, "is '" + printable(content, 100) + "', expected 'key: value'");
    const std::string key = word_of(line.substr(0, colon));
    const auto [place, is_new] = entries_.try_emplace(key);
    if (!is_new) fail(number, "the key '" + printable(key, 100) + "' is there twice");
    last = &place->second;
    *last = {number, std::string(trimmed(line.substr(colon + 1))), {}};
  }
}

std::optional<std::string> YamlMapping::word(const std::string& key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  const Entry& entry = found->second;
  const std::string& value = entry.value;
  if (!entry.block.empty() || value.starts_with('[') || value.starts_with('{')) {
    fail(entry.line, "'" + printable(key, 100) + "' is a list or a mapping, expected one word");
  }
  if (value.empty() || value == "~" || value == "null") return std::nullopt;
  return word_of(value);
}

std::vector<YamlMapping::Item> YamlMapping::flow_items(const Entry& entry) const {
  std::string text = entry.value;
  for (const auto& line : entry.block) text += " " + line;
  const char close = text.front() == '[' ? ']' : '}';
  if (text.back() != close) fail(entry.line, std::string("expected '") + close + "' at the end of the value");
  std::string_view rest = std::string_view(text).substr(1, text.size() - 2);
  std::vector<Item> items;
  while (!trimmed(rest).empty()) {
    const auto comma = std::min(find_plain(rest, [&](std::size_t i) { return rest[i] == ','; }), rest.size());
    const std::string_view part = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (part.find_first_of("[]{}") != std::string_view::npos && word_of(part) == trimmed(part)) {
      fail(entry.line, "holds a list inside a list, expected words");
    }
    const auto colon = close == '}' ? colon_of(part) : std::string_view::npos;
    if (close == '}' && colon == std::string_view::npos) fail(entry.line, "expected 'key: word' between the commas");
    if (close == '}') {
      items.push_back({word_of(part.substr(0, colon)), word_of(part.substr(colon + 1))});
    } else {
      items.push_back({std::nullopt, word_of(part)});
    }
  }
  return items;
}

std::vector<YamlMapping::Item> YamlMapping::items(const std::string& key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return {};
  const Entry& entry = found->second;
  if (entry.value.starts_with('[') || entry.value.starts_with('{')) return flow_items(entry);
  if (!entry.value.empty()) {
    if (!entry.block.empty()) fail(entry.line, "has a value and lines below it, expected one of them");
    return {{std::nullopt, word_of(entry.value)}};
  }
  std::vector<Item> items;
  for (const std::string_view line : entry.block) {
    if (is_item(line)) {
      items.push_back({std::nullopt, word_of(line.substr(1))});
      continue;
    }
    const auto colon = colon_of(line);
    if (colon == std::string_view::npos) {
      fail(entry.line, "'" + printable(line, 100) + "' below it is neither '- word' nor 'key: word'");
    }
    items.push_back({word_of(line.substr(0, colon)), word_of(line.substr(colon + 1))});
  }
  return items;
}

std::vector<std::string> YamlMapping::list(const std::string& key) const {
  std::vector<std::string> words;
  for (auto& item : items(key)) {
    if (item.key) fail(entries_.at(key).line, "'" + printable(key, 100) + "' is a mapping, expected a list");
    words.push_back(std::move(item.word));
  }
  return words;
}

std::vector<std::pair<std::string, std::string>> YamlMapping::pairs(const std::string& key) const {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (auto& item : items(key)) {
    pairs.emplace_back(item.key ? *item.key : std::to_string(pairs.size()), std::move(item.word));
  }
  return pairs;
}

}  // namespace vitral
