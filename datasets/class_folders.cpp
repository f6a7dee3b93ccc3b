#include "datasets/class_folders.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "common/core/error.h"
#include "common/core/limits.h"
#include "common/core/text.h"

namespace vitral {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const std::string& message) {
  throw Error(ErrorKind::input, printable(path.string(), 1'000), message);
}

/// What is in a folder, hidden names left out, sorted by bytes.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().filename().native().front() != '.') entries.push_back(it->path());
  }
  if (error) fail(folder, "can't be listed: " + error.message());
  std::sort(entries.begin(), entries.end(),
            [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  return entries;
}

void collect(const fs::path& folder, std::size_t number, std::size_t depth, std::vector<ClassFolders::File>& files) {
  if (depth > Limits().depth) fail(folder, "is nested too deeply");
  for (const auto& entry : entries_of(folder)) {
    if (fs::is_symlink(entry) && fs::is_directory(entry))
      fail(entry, "is a symbolic link to a folder, which could lead anywhere");
    if (fs::is_directory(entry)) {
      collect(entry, number, depth + 1, files);
    } else {
      files.push_back({entry, number});
    }
  }
}

std::optional<std::size_t> number_of(const std::string& name, std::size_t classes) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size() || number >= classes) return std::nullopt;
  return number;
}

/// label, and each of its words, -> class; what two classes share stands for neither.
std::map<std::string, std::optional<std::size_t>> words_of(const std::vector<std::string>& labels) {
  std::map<std::string, std::optional<std::size_t>> words;
  const auto add = [&](const std::string& word, std::size_t index) {
    const auto [place, is_new] = words.emplace(word, index);
    if (!is_new && place->second != index) place->second = std::nullopt;
  };
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i].empty()) continue;
    add(labels[i], i);
    for (std::size_t begin = 0; begin < labels[i].size();) {
      const auto end = std::min(labels[i].find(", ", begin), labels[i].size());
      add(labels[i].substr(begin, end - begin), i);
      begin = end + 2;
    }
  }
  return words;
}

}  // namespace

ClassFolders read_class_folders(const fs::path& root) {
  if (!fs::is_directory(root)) fail(root, "is no folder, expected one with a folder for each class");
  ClassFolders result;
  for (const auto& entry : entries_of(root)) {
    if (!fs::is_directory(entry)) continue;
    if (fs::is_symlink(entry)) path_inside(root, entry.filename().string());
    collect(entry, result.names.size(), 1, result.files);
    result.names.push_back(entry.filename().string());
  }
  if (result.names.empty()) fail(root, "holds no folders, expected one for each class");
  return result;
}

std::vector<std::size_t> class_numbers(const std::vector<std::string>& names, const std::vector<std::string>& labels,
                                       std::size_t classes) {
  const auto words = words_of(labels);
  const auto by_word = [&](const std::string& name) {
    const auto found = words.find(name);
    return found == words.end() ? std::nullopt : found->second;
  };
  const auto by_number = [&](const std::string& name) { return number_of(name, classes); };
  const auto all = [&](const auto& rule) -> std::optional<std::vector<std::size_t>> {
    std::vector<std::size_t> numbers;
    for (const auto& name : names) {
      const auto number = rule(name);
      if (!number) return std::nullopt;
      numbers.push_back(*number);
    }
    return numbers;
  };
  if (const auto numbers = all(by_word)) return *numbers;
  if (const auto numbers = all(by_number)) return *numbers;
  if (names.size() == classes) {
    std::vector<std::size_t> order(classes);
    for (std::size_t i = 0; i < classes; ++i) order[i] = i;
    return order;
  }
  const auto stranger = std::find_if(names.begin(), names.end(), [&](const auto& name) { return !by_word(name); });
  throw Error(ErrorKind::input, printable(*stranger, 200),
              "is neither a class of the model nor a class number, and " + std::to_string(names.size()) +
                  " folders are not its " + std::to_string(classes) + " classes");
}

fs::path path_inside(const fs::path& root, const std::string& name) {
  const fs::path relative(name);
  const bool climbs = std::any_of(relative.begin(), relative.end(), [](const fs::path& part) { return part == ".."; });
  if (relative.is_absolute() || climbs || name.empty() || name.find('\0') != std::string::npos) {
    fail(name, "leads outside of the data set");
  }
  std::error_code error;
  const auto base = fs::weakly_canonical(root, error), target = fs::weakly_canonical(root / relative, error);
  const auto [end, unused] = std::mismatch(base.begin(), base.end(), target.begin(), target.end());
  if (end != base.end()) fail(root / relative, "leads outside of the data set by a symbolic link");
  return root / relative;
}

}  // namespace vitral
