#include "datasets/formats/yolo.h"

#include <algorithm>

#include "common/core/error.h"
#include "common/core/file.h"
#include "common/image/sniff.h"
#include "datasets/readers/formats.h"

namespace vitral::readers {
namespace {

namespace fs = std::filesystem;

YoloData read_data(const Path& file) {
  return parse_yolo_data(read_file(file, ErrorKind::input, kMaxLabelBytes), shown(file));
}

/// `place` of a data.yaml as a name below its folder. Tools write "../train/images" for what lies beside the file
/// (Roboflow), and a `path` that only holds on the machine of the author: where neither is there, nothing outside of
/// the folder is looked at.
std::string place_below(const Path& root, const YoloData& data, std::string place) {
  while (place.starts_with("../") || place.starts_with("./")) place.erase(0, place.find('/') + 1);
  check_beneath(place);
  const Path base(data.path);
  const bool climbs = std::find(base.begin(), base.end(), "..") != base.end();
  if (!data.path.empty() && !base.is_absolute() && !climbs && fs::exists(root / base / place)) {
    return (base / place).lexically_normal().string();
  }
  return place;
}

std::vector<std::string> pictures_of(const Path& root, const YoloData& data, const std::string& written) {
  const std::string place = place_below(root, data, written);
  if (fs::is_directory(root / place)) return files_below(root, place, image::has_picture_extension);
  if (!place.ends_with(".txt"))
    throw Error(ErrorKind::input, shown(root / place), "is no folder of pictures and no list (.txt)");
  const Path folder = Path(place).parent_path();
  std::vector<std::string> pictures;
  for (const auto& line : lines_of(Folder(root).read(place, kMaxLabelBytes))) {
    pictures.push_back((folder / line).lexically_normal().string());
  }
  return pictures;
}

/// The label file of a picture: the last folder "images" becomes "labels", the extension .txt.
std::string label_file(const std::string& picture) {
  Path path(picture);
  path.replace_extension(".txt");
  std::vector<std::string> parts(path.begin(), path.end());
  const auto last = std::find(parts.rbegin(), parts.rend(), "images");
  if (last != parts.rend()) *last = "labels";
  Path labels;
  for (const auto& part : parts) labels /= part;
  return labels.string();
}

std::vector<Object> objects_of(const Path& root, const Folder& folder, const std::string& picture, std::size_t classes,
                               const DataProblemHandler& on_problem) {
  const std::string name = label_file(picture);
  std::error_code error;
  if (!fs::exists(root / name, error)) return {};  // a picture without objects needs no file
  const auto on_line = [&](const std::string& kind, const std::string& message) {
    report(on_problem, {kind, shown(root / name), message});
  };
  std::vector<Object> objects;
  for (const auto& box : parse_yolo_labels(folder.read(name, kMaxLabelBytes), classes, on_line)) {
    const double x = box.width / 2, y = box.height / 2;
    objects.push_back({{box.x - x, box.y - y, box.x + x, box.y + y}, box.class_index, false, 0.0});
  }
  return objects;
}

}  // namespace

Path yolo_file(const Path& path) {
  const auto extension = path.extension();
  if ((extension == ".yaml" || extension == ".yml") && fs::is_regular_file(path)) return path;
  for (const char* name : {"data.yaml", "data.yml", "dataset.yaml"}) {
    if (fs::is_regular_file(path / name)) return path / name;
  }
  return {};
}

Splits yolo_splits(const Path& path) {
  Splits splits;
  const auto data = read_data(yolo_file(path));
  for (const auto& [name, places] : data.splits) splits.push_back(name);
  return splits;
}

Opened open_yolo(const Path& path, const std::string& split, const DataProblemHandler& on_problem) {
  const Path file = yolo_file(path);
  if (file.empty()) throw Error(ErrorKind::input, shown(path), "has no data.yaml");
  const Path root = file.has_parent_path() ? file.parent_path() : Path(".");
  const auto data = read_data(file);
  const auto places = data.splits.find(split);
  if (places == data.splits.end()) no_split(file, split, yolo_splits(path));
  const auto folder = std::make_shared<Folder>(root);
  std::vector<Sample> samples;
  for (const auto& place : places->second) {
    for (auto& picture : pictures_of(root, data, place)) {
      Sample sample;
      sample.id = static_cast<std::int64_t>(samples.size());
      try {
        check_beneath(picture);
        sample.objects = objects_of(root, *folder, picture, data.names.size(), on_problem);
      } catch (const Error& error) {
        if (!on_problem) throw;
        on_problem({"record", error.subject(), std::string(error.what()).substr(error.subject().size() + 2)});
        continue;
      }
      sample.name = std::move(picture);
      samples.push_back(std::move(sample));
    }
  }
  return std::make_unique<FileDataset>(Task::detect, Classes::numbered(data.names), folder, std::move(samples),
                                       FileDataset::Unit::shares);
}

}  // namespace vitral::readers
