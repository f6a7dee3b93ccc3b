#include "datasets/coco_folder.h"

#include <algorithm>

#include "common/core/error.h"
#include "common/core/text.h"
#include "datasets/class_folders.h"

namespace vitral {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPrefix = "instances_";

std::vector<fs::path> annotation_files(const fs::path& root, const std::string& split) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator it(root / "annotations", error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with(kPrefix + split) && it->path().extension() == ".json") found.push_back(it->path());
  }
  const auto exact = root / "annotations" / (kPrefix + split + ".json");
  if (fs::exists(exact)) return {exact};
  if (const auto beside = root / split / "_annotations.coco.json"; fs::exists(beside)) found.push_back(beside);
  std::sort(found.begin(), found.end());
  return found;
}

/// Where the pictures of those annotations lie.
fs::path picture_folder(const fs::path& root, const fs::path& annotations, const std::string& split) {
  const std::string stem = annotations.stem().string();
  const std::string name = stem.starts_with(kPrefix) ? stem.substr(std::string(kPrefix).size()) : split;
  for (const auto& folder : {root / name, root / "images" / name, root / split, root / "images"}) {
    if (fs::is_directory(folder)) return folder;
  }
  return annotations.parent_path();
}

}  // namespace

CocoFolder read_coco_folder(const fs::path& root, const std::string& split) {
  const auto files = annotation_files(root, split);
  const std::string subject = printable(root.string(), 1'000);
  if (files.empty()) {
    throw Error(ErrorKind::input, subject,
                "has no annotations of the split '" + printable(split, 100) + "', expected annotations/" + kPrefix +
                    printable(split, 100) + ".json");
  }
  if (files.size() > 1) {
    throw Error(ErrorKind::input, subject,
                "has several annotations of that split: " + printable(files[0].filename().string(), 200) + " and " +
                    printable(files[1].filename().string(), 200));
  }
  CocoFolder result;
  result.truth = read_coco_instances(files.front());
  const auto pictures = picture_folder(root, files.front(), split);
  for (const auto& image : result.truth.images) {
    if (image.file_name.empty()) {
      throw Error(ErrorKind::input, printable(files.front().string(), 1'000),
                  "image with id " + std::to_string(image.id) + ": 'file_name' is missing");
    }
    result.files.push_back(path_inside(pictures, image.file_name));
  }
  return result;
}

}  // namespace vitral
