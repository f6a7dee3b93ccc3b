#include "datasets/formats/idx.h"

#include <algorithm>

#include "common/core/error.h"
#include "common/core/limits.h"
#include "datasets/readers/formats.h"

namespace vitral::readers {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxBytes = 4ull << 30;

/// "train" -> the name of train-images-idx3-ubyte, plain or .gz, or empty. The test set is called t10k by MNIST.
std::string file_of(const Path& root, const std::string& split, const std::string& what) {
  const std::string stem = (split == "test" ? "t10k" : split) + "-" + what + (what == "images" ? "-idx3" : "-idx1");
  for (const auto& name : {stem + "-ubyte", stem + "-ubyte.gz"}) {
    if (fs::exists(root / name)) return name;
  }
  return {};
}

/// The classes of the sets whose name the folder bears; otherwise their numbers.
std::vector<std::string> names_of(const Path& root, std::size_t count) {
  const std::string name = fs::weakly_canonical(root).filename().string();
  if (name.find("fashion") != std::string::npos && count == 10) {
    return {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"};
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

}  // namespace

Splits idx_splits(const Path& root) {
  Splits splits;
  for (const char* split : {"train", "test"}) {
    if (!file_of(root, split, "images").empty()) splits.push_back(split);
  }
  return splits;
}

Opened open_idx(const Path& root, const std::string& split, const DataProblemHandler&) {
  const std::string images = file_of(root, split, "images"), labels = file_of(root, split, "labels");
  if (images.empty()) no_split(root, split, idx_splits(root));
  const auto fail = [&](const std::string& file, const std::string& message) {
    throw Error(ErrorKind::input, shown(root / file), message);
  };
  if (labels.empty()) fail(images, "has no labels file beside it");
  const Folder folder(root);
  auto pixels = parse_idx(folder.read(images, kMaxBytes), shown(root / images));
  const auto numbers = parse_idx(folder.read(labels, kMaxBytes), shown(root / labels));
  if (pixels.shape.size() != 3 || pixels.shape[1] * pixels.shape[2] == 0) {
    fail(images, "has " + std::to_string(pixels.shape.size()) + " dimensions, expected pictures, rows and columns");
  }
  const auto largest_side = Limits().side;
  if (pixels.shape[1] > largest_side || pixels.shape[2] > largest_side) fail(images, "has pictures of too many pixels");
  if (numbers.shape != std::vector<std::size_t>{pixels.shape[0]}) {
    fail(labels, "does not have one label for each of the " + std::to_string(pixels.shape[0]) + " pictures");
  }
  ArrayDataset::Arrays arrays{static_cast<int>(pixels.shape[2]), static_cast<int>(pixels.shape[1]), 1, {}, {}, {}, {}};
  std::size_t classes = 10;  // as many as MNIST, or more
  for (const char label : numbers.bytes) {
    arrays.labels.push_back(static_cast<unsigned char>(label));
    classes = std::max(classes, arrays.labels.back() + 1);
  }
  arrays.pixels = std::move(pixels.bytes);
  arrays.sources = {images};
  arrays.source_ends = {arrays.labels.size()};
  return std::make_unique<ArrayDataset>(Classes::numbered(names_of(root, classes)), std::move(arrays));
}

}  // namespace vitral::readers
