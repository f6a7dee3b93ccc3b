#include "datasets/class_folders.h"

#include <algorithm>

#include "common/core/error.h"
#include "common/image/sniff.h"
#include "datasets/readers/formats.h"

namespace vitral::readers {
namespace {

constexpr std::string_view kSplitNames[] = {"train", "val", "valid", "validation", "test"};

bool is_split_name(const std::string& name) {
  return std::find(std::begin(kSplitNames), std::end(kSplitNames), name) != std::end(kSplitNames);
}

}  // namespace

Splits folder_splits(const Path& root) {
  Splits splits;
  std::error_code error;
  for (std::filesystem::directory_iterator it(root, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (!it->is_directory() || name.starts_with('.')) continue;
    if (!is_split_name(name)) return {""};  // a class that happens to be called "test" is one among others
    splits.push_back(name);
  }
  std::sort(splits.begin(), splits.end());
  return splits;
}

Opened open_folder(const Path& root, const std::string& split, const DataProblemHandler& on_problem) {
  if (!split.empty() && !std::filesystem::is_directory(root / split)) no_split(root, split, folder_splits(root));
  auto folders = read_class_folders(root / split);
  std::vector<Sample> samples;
  for (const auto& file : folders.files) {
    Sample sample;
    sample.name = file.path.lexically_relative(root).string();
    if (!image::has_picture_extension(sample.name)) {
      report(on_problem, {"stray", shown(file.path), "is no picture by its name"});
      continue;
    }
    sample.id = static_cast<std::int64_t>(samples.size());
    sample.classes = {{file.folder, 1.0}};
    samples.push_back(std::move(sample));
  }
  return std::make_unique<FileDataset>(Task::classify, Classes::numbered(std::move(folders.names)),
                                       std::make_shared<Folder>(root), std::move(samples));
}

}  // namespace vitral::readers
