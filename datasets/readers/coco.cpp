#include "datasets/coco.h"

#include <algorithm>
#include <unordered_map>

#include "common/core/error.h"
#include "datasets/coco_folder.h"
#include "datasets/readers/formats.h"

namespace vitral::readers {
namespace {

Classes classes_of(std::vector<CocoCategory> categories) {
  std::sort(categories.begin(), categories.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  Classes classes;
  for (auto& category : categories) {
    classes.names.push_back(std::move(category.name));
    classes.ids.push_back(category.id);
  }
  return classes;
}

}  // namespace

Opened open_coco(const Path& root, const std::string& split, const DataProblemHandler& on_problem) {
  const std::string subject = shown(root);
  const CocoProblemHandler on_record = [&](const std::string& problem) {
    on_problem({problem.ends_with(kCocoIdTwice) ? "duplicate_id" : "record", subject, problem});
  };
  auto folder = read_coco_folder(root, split, on_problem ? on_record : CocoProblemHandler());
  const Classes classes = classes_of(std::move(folder.truth.categories));
  std::unordered_map<std::int64_t, std::size_t> class_index, picture_index;
  for (std::size_t i = 0; i < classes.size(); ++i) class_index.emplace(classes.ids[i], i);
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < folder.files.size(); ++i) {
    const auto& image = folder.truth.images[i];
    Sample sample;
    sample.id = image.id;
    sample.name = folder.files[i].lexically_relative(root).string();
    sample.width = image.width;
    sample.height = image.height;
    picture_index.emplace(image.id, samples.size());
    samples.push_back(std::move(sample));
  }
  for (const auto& annotation : folder.truth.annotations) {
    const auto& [x, y, width, height] = annotation.box;
    samples[picture_index.at(annotation.image_id)].objects.push_back(
        {{x, y, x + width, y + height}, class_index.at(annotation.category_id), annotation.crowd, annotation.area});
  }
  return std::make_unique<FileDataset>(Task::detect, classes, std::make_shared<Folder>(root), std::move(samples));
}

}  // namespace vitral::readers
