#include "common/runtime/registry.h"

#include <stdexcept>

#include "common/core/error.h"
#include "common/core/text.h"

namespace vitral {

namespace {

/// Heads of other classes are the one thing in which the files of a network differ.
void estimate_sizes(ModelEntry& entry) {
  const std::int64_t classes = entry.pretrained.front().num_classes;
  for (auto& file : entry.pretrained) {
    const bool lies_somewhere = !file.url.empty() || !file.file.empty();
    if (file.size.bytes > 0 || !lies_somewhere) continue;
    const std::int64_t a_class = entry.features > 0 ? entry.features + 1 : 0;
    file.size = estimated_of(entry.params + (file.num_classes - classes) * a_class);
  }
}

}  // namespace

std::string_view to_string(Task task) {
  return task == Task::classify ? "classify" : "detect";
}

std::shared_ptr<Classifier> ModelEntry::build_classifier(const BuildOptions& options) const {
  if (auto classifier = std::dynamic_pointer_cast<Classifier>(build(options))) return classifier;
  throw Error(ErrorKind::usage, "model " + name, "is a detector, expected a classifier");
}

std::shared_ptr<Detector> ModelEntry::build_detector(const BuildOptions& options) const {
  if (auto detector = std::dynamic_pointer_cast<Detector>(build(options))) return detector;
  throw Error(ErrorKind::usage, "model " + name, "is a classifier, expected a detector");
}

const Pretrained* ModelEntry::find_tag(std::string_view tag) const {
  for (const auto& each : pretrained) {
    if (each.tag == tag) return &each;
  }
  return nullptr;
}

const Pretrained* ModelEntry::find_origin(std::string_view origin) const {
  for (const auto& each : pretrained) {
    if (each.origin == origin) return &each;
  }
  return nullptr;
}

void Registry::add(ModelEntry entry) {
  if (entry.pretrained.empty()) throw std::logic_error(entry.name + " is registered without preprocessing");
  estimate_sizes(entry);
  entries_.push_back(std::make_unique<ModelEntry>(std::move(entry)));
  const ModelEntry* added = entries_.back().get();
  std::vector<std::string> names = added->aliases;
  names.push_back(added->name);
  for (const auto& name : names) {
    if (!by_name_.emplace(name, added).second) throw std::logic_error(name + " is registered twice");
  }
}

ResolvedName Registry::resolve(std::string_view name) const {
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    // torchvision's names stand for torchvision's files and their preprocessing.
    const bool is_alias = found->second->name != name;
    return {found->second, is_alias ? found->second->find_tag(name) : nullptr};
  }
  const std::size_t dot = name.find('.');
  std::vector<std::string> known;
  if (const auto found = by_name_.find(name.substr(0, dot)); dot != std::string_view::npos && found != by_name_.end()) {
    if (const Pretrained* tagged = found->second->find_tag(name.substr(dot + 1))) return {found->second, tagged};
    for (const auto& each : found->second->pretrained) known.push_back(found->second->name + "." + each.tag);
  } else {
    for (const auto& [each, entry] : by_name_) known.push_back(each);
  }
  throw Error(ErrorKind::usage, "model '" + printable(name, 200) + "'",
              "is unknown; nearest: " + join(nearest_names(name, known)) + " ('vitral models list' shows all)");
}

}  // namespace vitral
