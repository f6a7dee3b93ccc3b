/// The part of YAML 1.2 that data.yaml files are written in: one mapping whose values are words, lists of words and
/// mappings of words. No anchors, tags or other documents: nothing in a file makes it larger than it is.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vitral {

/// Values are read when they are asked for, so that keys of no interest (a script under `download: |`) may hold
/// anything.
class YamlMapping {
 public:
  /// Throws Error(input, subject) with the line where it is no mapping, or a key is there twice.
  YamlMapping(std::string_view text, std::string subject);

  bool has(const std::string& key) const { return entries_.contains(key); }
  /// The word of a key; nothing where the key is absent or its value empty. Throws Error(input) for lists and mappings.
  std::optional<std::string> word(const std::string& key) const;
  /// The words of a list, in flow ([a, b]) or block form; a single word is a list of one.
  std::vector<std::string> list(const std::string& key) const;
  /// Keys and words of a mapping, in flow ({0: a}) or block form; a list has the keys 0, 1 and so on.
  std::vector<std::pair<std::string, std::string>> pairs(const std::string& key) const;

 private:
  struct Entry {
    std::size_t line = 0;
    std::string value;               ///< behind the colon
    std::vector<std::string> block;  ///< the lines below, comments and empty ones left out
  };
  struct Item {
    std::optional<std::string> key;
    std::string word;
  };
  [[noreturn]] void fail(std::size_t line, const std::string& message) const;
  std::vector<Item> items(const std::string& key) const;
  std::vector<Item> flow_items(const Entry& entry) const;

  std::string subject_;
  std::map<std::string, Entry> entries_;
};

}  // namespace vitral
