#include "datasets/dataset.h"

#include <algorithm>
#include <filesystem>
#include <span>

#include "common/core/error.h"
#include "common/core/limits.h"
#include "common/core/text.h"
#include "common/image/decode.h"
#include "common/image/sniff.h"
#include "datasets/geometry.h"

namespace vitral {

Classes Classes::numbered(std::vector<std::string> names) {
  Classes classes{std::move(names), {}};
  for (std::size_t i = 0; i < classes.names.size(); ++i) classes.ids.push_back(static_cast<std::int64_t>(i));
  return classes;
}

void report(const DataProblemHandler& on_problem, const DataProblem& problem) {
  if (!on_problem) throw Error(ErrorKind::input, problem.subject, problem.message);
  on_problem(problem);
}

Sample Dataset::get(std::size_t index) const {
  Sample sample = describe(index);
  sample.picture = picture(index);
  const auto size = [](int width, int height) { return std::to_string(width) + "x" + std::to_string(height); };
  const auto& picture = sample.picture;
  if (sample.width > 0 && (sample.width != picture.width || sample.height != picture.height)) {
    throw Error(ErrorKind::input, printable(sample.name, 300),
                "is " + size(picture.width, picture.height) + " when upright, its annotations say " +
                    size(sample.width, sample.height));
  }
  sample.width = picture.width;
  sample.height = picture.height;
  clip_objects(sample);
  return sample;
}

Sample FileDataset::describe(std::size_t index) const {
  Sample sample = samples_.at(index);
  if (unit_ == Unit::pixels) return sample;
  const std::string bytes = root_->read(sample.name, Limits().image_bytes);
  const auto header = image::sniff(std::as_bytes(std::span(bytes)), (root_->path() / sample.name).string());
  sample.width = header.upright_width();
  sample.height = header.upright_height();
  for (auto& object : sample.objects) {
    object.box.xmin *= sample.width, object.box.xmax *= sample.width;
    object.box.ymin *= sample.height, object.box.ymax *= sample.height;
    object.area = object.box.area();
  }
  return sample;
}

image::Image FileDataset::picture(std::size_t index) const {
  const auto& name = samples_.at(index).name;
  const std::string bytes = root_->read(name, Limits().image_bytes);
  return image::decode(std::as_bytes(std::span(bytes)), (root_->path() / name).string());
}

StoredPicture FileDataset::stored(std::size_t index) const {
  const auto& name = samples_.at(index).name;
  return {root_->read(name, Limits().image_bytes), std::filesystem::path(name).extension().string()};
}

bool FileDataset::is_missing(std::size_t index) const {
  std::error_code error;
  return !std::filesystem::exists(std::filesystem::symlink_status(root_->path() / samples_.at(index).name, error));
}

ArrayDataset::ArrayDataset(Classes classes, Arrays arrays)
    : Dataset(Task::classify, std::move(classes)), arrays_(std::move(arrays)) {
  const auto count = arrays_.labels.size();
  const bool agree = arrays_.stride() > 0 && arrays_.pixels.size() / arrays_.stride() == count &&
                     arrays_.pixels.size() % arrays_.stride() == 0 && (arrays_.planes == 1 || arrays_.planes == 3) &&
                     arrays_.sources.size() == arrays_.source_ends.size() &&
                     (count == 0 || (!arrays_.source_ends.empty() && arrays_.source_ends.back() == count));
  if (!agree) throw Error(ErrorKind::failed, "pictures in an array", "pixels, labels and sources differ in number");
}

Sample ArrayDataset::describe(std::size_t index) const {
  Sample sample;
  sample.classes = {{arrays_.labels.at(index), 1.0}};
  sample.id = static_cast<std::int64_t>(index);
  const auto end = std::upper_bound(arrays_.source_ends.begin(), arrays_.source_ends.end(), index);
  const auto source = static_cast<std::size_t>(end - arrays_.source_ends.begin());
  const auto begin = source == 0 ? 0 : arrays_.source_ends[source - 1];
  sample.name = arrays_.sources[source] + "#" + std::to_string(index - begin);
  sample.width = arrays_.width;
  sample.height = arrays_.height;
  return sample;
}

image::Image ArrayDataset::picture(std::size_t index) const {
  auto picture = image::Image::uninitialized(arrays_.width, arrays_.height);
  const auto plane = arrays_.stride() / static_cast<std::size_t>(arrays_.planes);
  const char* const from = arrays_.pixels.data() + index * arrays_.stride();
  for (std::size_t i = 0; i < plane; ++i) {
    for (std::size_t channel = 0; channel < 3; ++channel) {
      picture.pixels[3 * i + channel] =
          static_cast<std::uint8_t>(from[(arrays_.planes == 3 ? channel * plane : 0) + i]);
    }
  }
  return picture;
}

StoredPicture ArrayDataset::stored(std::size_t index) const {
  return {arrays_.pixels.substr(index * arrays_.stride(), arrays_.stride()), ""};
}

}  // namespace vitral
