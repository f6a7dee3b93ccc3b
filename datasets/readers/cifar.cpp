#include "datasets/formats/cifar.h"

#include "common/core/error.h"
#include "datasets/readers/formats.h"

namespace vitral::readers {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxBytes = 1u << 30;

/// The files of a split that are there; CIFAR-10's training set is in five.
std::vector<std::string> files_of(const Path& root, const std::string& split) {
  std::vector<std::string> candidates{split == "train" ? "train.bin" : "test.bin"};
  if (split == "train") {
    for (int i = 1; i <= 5; ++i) candidates.push_back("data_batch_" + std::to_string(i) + ".bin");
  } else {
    candidates.push_back("test_batch.bin");
  }
  std::vector<std::string> files;
  for (const auto& name : candidates) {
    if (fs::exists(root / name)) files.push_back(name);
  }
  return files;
}

std::vector<std::string> names_of(const Path& root, const Folder& folder, CifarKind kind) {
  const std::size_t count = kind == CifarKind::ten ? 10 : 100;
  const std::string file = kind == CifarKind::ten ? "batches.meta.txt" : "fine_label_names.txt";
  if (fs::exists(root / file)) return parse_cifar_names(folder.read(file, kMaxLabelBytes), count, shown(root / file));
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

}  // namespace

Splits cifar_splits(const Path& root) {
  Splits splits;
  for (const char* split : {"train", "test"}) {
    if (!files_of(root, split).empty()) splits.push_back(split);
  }
  return splits;
}

Opened open_cifar(const Path& root, const std::string& split, const DataProblemHandler& on_problem) {
  const auto splits = cifar_splits(root);
  const auto files = split == "train" || split == "test" ? files_of(root, split) : std::vector<std::string>();
  if (files.empty()) no_split(root, split, splits);
  const Folder folder(root);
  const CifarKind kind = files.front().find("batch") == std::string::npos ? CifarKind::hundred : CifarKind::ten;
  ArrayDataset::Arrays arrays{32, 32, 3, {}, {}, {}, {}};
  for (const auto& file : files) {
    try {
      const auto records = parse_cifar(folder.read(file, kMaxBytes), kind, shown(root / file));
      arrays.pixels += records.pixels;
      arrays.labels.insert(arrays.labels.end(), records.labels.begin(), records.labels.end());
      arrays.sources.push_back(file);
      arrays.source_ends.push_back(arrays.labels.size());
    } catch (const Error& error) {
      if (!on_problem || files.size() == 1) throw;
      on_problem({"unreadable", error.subject(), std::string(error.what()).substr(error.subject().size() + 2)});
    }
  }
  return std::make_unique<ArrayDataset>(Classes::numbered(names_of(root, folder, kind)), std::move(arrays));
}

}  // namespace vitral::readers
