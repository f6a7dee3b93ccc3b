#include "datasets/readers/open.h"

#include <algorithm>
#include <array>

#include "common/core/error.h"
#include "common/core/limits.h"
#include "datasets/coco_folder.h"
#include "datasets/readers/formats.h"

namespace vitral {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 6> kNames{"folder", "coco", "yolo", "voc", "cifar", "idx"};

/// train before validation before test, whatever they are called, then by bytes.
int place_of(const std::string& split) {
  const bool is_train = split.starts_with("train"), is_validation = split.starts_with("val");
  return is_train ? 0 : is_validation ? 1 : split.starts_with("test") ? 2 : 3;
}

readers::Splits found_splits(const fs::path& path, DataFormat format) {
  switch (format) {
    case DataFormat::coco:
      return coco_splits(path);
    case DataFormat::yolo:
      return readers::yolo_splits(path);
    case DataFormat::voc:
      return readers::voc_splits(path);
    case DataFormat::cifar:
      return readers::cifar_splits(path);
    case DataFormat::idx:
      return readers::idx_splits(path);
    case DataFormat::folder:
      break;
  }
  return readers::folder_splits(path);
}

}  // namespace

std::string_view to_string(DataFormat format) {
  return kNames[static_cast<std::size_t>(format)];
}

DataFormat parse_data_format(const std::string& name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found != kNames.end()) return static_cast<DataFormat>(found - kNames.begin());
  throw Error(ErrorKind::usage, "'" + printable(name, 100) + "'",
              "is no data set format; there are folder, coco, yolo, voc, cifar and idx");
}

DataFormat guess_data_format(const fs::path& path) {
  if (!readers::yolo_file(path).empty()) return DataFormat::yolo;
  if (!fs::is_directory(path)) {
    throw Error(ErrorKind::input, readers::shown(path), "is neither a folder nor a data.yaml");
  }
  if (!coco_splits(path).empty()) return DataFormat::coco;
  if (fs::is_directory(path / "Annotations")) return DataFormat::voc;
  if (!readers::cifar_splits(path).empty()) return DataFormat::cifar;
  if (!readers::idx_splits(path).empty()) return DataFormat::idx;
  return DataFormat::folder;
}

std::vector<std::string> data_splits(const fs::path& path, DataFormat format) {
  auto splits = found_splits(path, format);
  std::stable_sort(splits.begin(), splits.end(),
                   [](const auto& a, const auto& b) { return place_of(a) < place_of(b); });
  if (splits.empty()) {
    throw Error(ErrorKind::input, readers::shown(path),
                "holds no data set of the format " + std::string(to_string(format)));
  }
  return splits;
}

std::optional<std::string> judging_split(const fs::path& path, DataFormat format, std::string_view learnt) {
  const auto splits = data_splits(path, format);
  if (splits.size() == 1 && splits.front().empty() && learnt.empty()) return splits.front();
  for (const auto& split : splits) {
    const bool judges = split == "val" || split == "val2017" || split == "validation" || split == "test";
    if (judges && split != learnt) return split;
  }
  return std::nullopt;
}

std::unique_ptr<Dataset> open_dataset(const fs::path& path, DataFormat format, const std::string& split,
                                      const DataProblemHandler& on_problem) {
  switch (format) {
    case DataFormat::coco:
      return readers::open_coco(path, split, on_problem);
    case DataFormat::yolo:
      return readers::open_yolo(path, split, on_problem);
    case DataFormat::voc:
      return readers::open_voc(path, split, on_problem);
    case DataFormat::cifar:
      return readers::open_cifar(path, split, on_problem);
    case DataFormat::idx:
      return readers::open_idx(path, split, on_problem);
    case DataFormat::folder:
      break;
  }
  return readers::open_folder(path, split, on_problem);
}

namespace readers {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) lines.push_back(std::move(line));
    begin = end + 1;
  }
  return lines;
}

namespace {

void collect(const Path& root, const Path& folder, std::size_t depth, bool (*is_wanted)(std::string_view),
             std::vector<std::string>& files) {
  if (depth > Limits().depth) throw Error(ErrorKind::input, shown(root / folder), "is nested too deeply");
  std::error_code error;
  for (fs::directory_iterator it(root / folder, error), end; !error && it != end; it.increment(error)) {
    const auto name = it->path().filename();
    if (name.native().front() == '.') continue;
    if (it->is_directory() && !it->is_symlink()) {
      collect(root, folder / name, depth + 1, is_wanted, files);
    } else if (is_wanted(name.native()) && !it->is_directory()) {
      files.push_back((folder / name).lexically_normal().string());
    }
  }
  if (error) throw Error(ErrorKind::input, shown(root / folder), "can't be listed: " + error.message());
}

}  // namespace

std::vector<std::string> files_below(const Path& root, const std::string& folder, bool (*is_wanted)(std::string_view)) {
  std::vector<std::string> files;
  collect(root, folder, 0, is_wanted, files);
  std::sort(files.begin(), files.end());
  return files;
}

void no_split(const Path& root, const std::string& split, const Splits& splits) {
  throw Error(ErrorKind::input, shown(root),
              "has no split '" + printable(split, 100) + "'" +
                  (splits.empty() ? "" : "; there are: " + printable(join(splits), 500)));
}

}  // namespace readers
}  // namespace vitral
