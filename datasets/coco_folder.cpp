#include "datasets/coco_folder.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

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

std::vector<std::string> coco_splits(const fs::path& root) {
  std::vector<std::string> splits;
  for (const auto& file : annotation_files(root, "")) {
    const std::string stem = file.stem().string();
    if (stem.starts_with(kPrefix)) splits.push_back(stem.substr(std::strlen(kPrefix)));
  }
  std::error_code error;
  for (fs::directory_iterator it(root, error), end; !error && it != end; it.increment(error)) {
    if (fs::exists(it->path() / "_annotations.coco.json")) splits.push_back(it->path().filename().string());
  }
  std::sort(splits.begin(), splits.end());
  return splits;
}

CocoFolder read_coco_folder(const fs::path& root, const std::string& split, const CocoProblemHandler& on_problem) {
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
  result.truth = read_coco_instances(files.front(), on_problem);
  const auto pictures = picture_folder(root, files.front(), split);
  const auto place = [&](const CocoImage& image) {
    if (image.file_name.empty()) {
      throw Error(ErrorKind::input, printable(files.front().string(), 1'000),
                  "image with id " + std::to_string(image.id) + ": 'file_name' is missing");
    }
    return path_inside(pictures, image.file_name);
  };
  std::vector<CocoImage> usable;
  std::unordered_set<std::int64_t> unusable;
  for (auto& image : result.truth.images) {
    try {
      result.files.push_back(place(image));
      usable.push_back(std::move(image));
    } catch (const Error& error) {
      if (!on_problem) throw;
      on_problem(error.what());
      unusable.insert(image.id);
    }
  }
  result.truth.images = std::move(usable);
  std::erase_if(result.truth.annotations, [&](const auto& object) { return unusable.contains(object.image_id); });
  return result;
}

}  // namespace vitral
