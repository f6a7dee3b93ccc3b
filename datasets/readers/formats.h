/// The formats behind open_dataset(), a pair of functions each. Inside this folder only.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/core/text.h"
#include "datasets/dataset.h"

namespace vitral::readers {

using Path = std::filesystem::path;
using Splits = std::vector<std::string>;
using Opened = std::unique_ptr<Dataset>;

Splits folder_splits(const Path& root);
Opened open_folder(const Path& root, const std::string& split, const DataProblemHandler& on_problem);
Opened open_coco(const Path& root, const std::string& split, const DataProblemHandler& on_problem);
/// `path` is the folder of a data.yaml, or the file itself.
Path yolo_file(const Path& path);
Splits yolo_splits(const Path& path);
Opened open_yolo(const Path& path, const std::string& split, const DataProblemHandler& on_problem);
Splits voc_splits(const Path& root);
Opened open_voc(const Path& root, const std::string& split, const DataProblemHandler& on_problem);
Splits cifar_splits(const Path& root);
Opened open_cifar(const Path& root, const std::string& split, const DataProblemHandler& on_problem);
Splits idx_splits(const Path& root);
Opened open_idx(const Path& root, const std::string& split, const DataProblemHandler& on_problem);

/// How a path reads in messages.
inline std::string shown(const Path& path) {
  return printable(path.string(), 1'000);
}

/// Lines of a text without their ends; empty ones are left out.
std::vector<std::string> lines_of(const std::string& text);

/// The files below `folder` (relative to `root`) whose names `is_wanted`, as paths below `root`, sorted by bytes.
/// Hidden names and folders behind symbolic links are passed over. Throws Error(input) where a folder can't be listed.
std::vector<std::string> files_below(const Path& root, const std::string& folder, bool (*is_wanted)(std::string_view));

[[noreturn]] void no_split(const Path& root, const std::string& split, const Splits& splits);

inline constexpr std::uint64_t kMaxLabelBytes = 64u << 20;

}  // namespace vitral::readers
