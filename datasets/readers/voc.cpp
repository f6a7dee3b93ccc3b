#include "datasets/formats/voc.h"

#include <algorithm>
#include <map>

#include "common/core/error.h"
#include "datasets/readers/formats.h"

namespace vitral::readers {
namespace {

namespace fs = std::filesystem;

bool is_xml(std::string_view name) {
  return name.ends_with(".xml");
}

std::string stem_of(const std::string& name) {
  return Path(name).stem().string();
}

/// The pictures' names without extension: a line each in ImageSets/Main/<split>.txt, or every annotation.
std::vector<std::string> stems_of(const Path& root, const Folder& folder, const std::string& split) {
  std::vector<std::string> stems;
  if (split.empty()) {
    for (const auto& file : files_below(root, "Annotations", is_xml)) stems.push_back(stem_of(file));
    return stems;
  }
  const std::string list = "ImageSets/Main/" + split + ".txt";
  if (!fs::exists(root / list)) no_split(root, split, voc_splits(root));
  for (const auto& line : lines_of(folder.read(list, kMaxLabelBytes))) stems.push_back(line.substr(0, line.find(' ')));
  return stems;
}

/// The classes of all splits, sorted by bytes (VOC's own twenty are numbered so too).
std::vector<std::string> names_of(const std::map<std::string, VocAnnotation>& annotations) {
  std::vector<std::string> names;
  for (const auto& [stem, annotation] : annotations) {
    for (const auto& object : annotation.objects) names.push_back(object.name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

/// Passes an error on as a problem.
template <class Action>
bool succeeds(const DataProblemHandler& on_problem, Action action) {
  try {
    action();
    return true;
  } catch (const Error& error) {
    if (!on_problem) throw;
    on_problem({"record", error.subject(), std::string(error.what()).substr(error.subject().size() + 2)});
    return false;
  }
}

/// The picture lies in JPEGImages under the annotation's own name, or else under the one that it states.
std::string picture_of(const Path& root, const std::string& stem, const VocAnnotation& annotation) {
  const std::string extension = Path(annotation.file_name).extension().string();
  for (const std::string& name : {stem + extension, stem + ".jpg", annotation.file_name}) {
    if (name.empty() || name == stem) continue;
    check_beneath(name);
    if (fs::exists(root / "JPEGImages" / name)) return "JPEGImages/" + name;
  }
  return "JPEGImages/" + stem + ".jpg";
}

}  // namespace

Splits voc_splits(const Path& root) {
  Splits splits;
  for (const char* split : {"train", "val", "test"}) {
    if (fs::exists(root / "ImageSets/Main" / (std::string(split) + ".txt"))) splits.push_back(split);
  }
  if (splits.empty() && fs::exists(root / "ImageSets/Main/trainval.txt")) splits.push_back("trainval");
  if (splits.empty()) splits.push_back("");
  return splits;
}

Opened open_voc(const Path& root, const std::string& split, const DataProblemHandler& on_problem) {
  const auto folder = std::make_shared<Folder>(root);
  std::map<std::string, VocAnnotation> annotations;
  for (const auto& file : files_below(root, "Annotations", is_xml)) {
    succeeds(on_problem, [&] {
      annotations.emplace(stem_of(file), parse_voc(folder->read(file, kMaxLabelBytes), shown(root / file)));
    });
  }
  auto names = names_of(annotations);
  std::vector<Sample> samples;
  for (const auto& stem : stems_of(root, *folder, split)) {
    const auto found = annotations.find(stem);
    const std::string subject = shown(root / "Annotations" / (stem + ".xml"));
    if (found == annotations.end()) {
      if (!split.empty()) report(on_problem, {"missing", subject, "is not there, or was left out"});
      continue;
    }
    for (const auto& problem : found->second.problems) report(on_problem, {"record", subject, problem});
    Sample sample;
    sample.id = static_cast<std::int64_t>(samples.size());
    if (!succeeds(on_problem, [&] { sample.name = picture_of(root, stem, found->second); })) continue;
    sample.width = found->second.width;
    sample.height = found->second.height;
    for (const auto& object : found->second.objects) {
      const auto place = std::lower_bound(names.begin(), names.end(), object.name);
      sample.objects.push_back(
          {object.box, static_cast<std::size_t>(place - names.begin()), object.difficult, object.box.area()});
    }
    samples.push_back(std::move(sample));
  }
  return std::make_unique<FileDataset>(Task::detect, Classes::numbered(std::move(names)), folder, std::move(samples));
}

}  // namespace vitral::readers
