#include "apps/serve_engine.h"

#include <algorithm>
#include <map>

#include "apps/detect_engine.h"
#include "apps/detect_records.h"
#include "apps/findings.h"
#include "apps/levels.h"
#include "common/core/error.h"

namespace vitral::apps {
namespace {

/// Pictures of one size in their order: the padding that others would bring changes what a network answers.
std::vector<std::vector<std::size_t>> by_size(std::span<const PreparedPicture> pictures) {
  std::map<std::pair<int, int>, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const auto& place = pictures[i].inputs.front().placement;
    groups[{place.height, place.width}].push_back(i);
  }
  std::vector<std::vector<std::size_t>> result;
  for (auto& [size, members] : groups) result.push_back(std::move(members));
  return result;
}

}  // namespace

ServeEngine::ServeEngine(LoadedModel model, const ComputeFlags& compute)
    : model_(std::move(model)), compute_(compute), preprocessor_(model_.record.preprocess) {
  if (model_.record.in_chans != 3) throw Error(ErrorKind::usage, "--in-chans", "pictures have 3 channels");
  prepare_.levels = levels_for(model_);
  if (task() == Task::classify) {
    classes_.emplace(model_, "", false);
  } else {
    static_cast<void>(model_.detector());
  }
}

void ServeEngine::prepare(image::Image picture, PreparedPicture& result) const {
  apps::prepare(std::move(picture), preprocessor_, prepare_, result);
}

std::vector<nlohmann::ordered_json> ServeEngine::run(std::span<PreparedPicture> pictures,
                                                     std::span<const Wanted> wanted) const {
  std::vector<nlohmann::ordered_json> records(pictures.size());
  for (const auto& members : by_size(pictures)) {
    std::vector<PreparedPicture> alike;
    std::vector<Wanted> of_them;
    for (const auto i : members) {
      alike.push_back(std::move(pictures[i]));
      of_them.push_back(wanted[i]);
    }
    auto found = task() == Task::detect ? detect(alike, of_them) : std::vector<nlohmann::ordered_json>();
    if (classes_) {
      std::int64_t most = 1;
      for (const auto& one : of_them) most = std::max(most, one.topk);
      auto classified = classes_->run(alike, most);
      for (std::size_t i = 0; i < alike.size(); ++i) {
        auto& classes = classified[i].classes;
        classes.resize(std::min(classes.size(), static_cast<std::size_t>(of_them[i].topk)));
        found.push_back(class_record(alike[i], classified[i]));
      }
    }
    for (std::size_t i = 0; i < members.size(); ++i) records[members[i]] = std::move(found[i]);
  }
  return records;
}

/// Once for the weakest wish: what a request with a higher bound would not have got is left out of its answer. Weaker
/// boxes suppress no stronger ones, so the others are the same.
std::vector<nlohmann::ordered_json> ServeEngine::detect(std::span<PreparedPicture> pictures,
                                                        std::span<const Wanted> wanted) const {
  Confidence least{1, {}};
  std::int64_t most = 1;
  for (const auto& one : wanted) {
    least.all = std::min(least.all, one.confidence);
    most = std::max(most, one.max_detections);
  }
  const auto& record = model_.record;
  const DetectEngine engine(model_, ClassRules(least, {}, record.labels, record.num_classes),
                            {static_cast<std::int64_t>(pictures.size()), most, std::nullopt});
  auto boxes = engine.run(pictures);
  std::vector<nlohmann::ordered_json> records;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    Findings found;
    found.boxes = std::move(boxes[i]);
    std::erase_if(found.boxes, [&](const ScoredBox& box) { return box.score < wanted[i].confidence; });
    found.boxes.resize(std::min(found.boxes.size(), static_cast<std::size_t>(wanted[i].max_detections)));
    records.push_back(detection_record(pictures[i], found, record));
  }
  return records;
}

void ServeEngine::warm_up() const {
  auto grey = image::Image::uninitialized(640, 480);
  std::fill(grey.pixels.begin(), grey.pixels.end(), std::uint8_t{114});
  PreparedPicture picture;
  prepare(std::move(grey), picture);
  const Wanted wanted;
  run({&picture, 1}, {&wanted, 1});
}

nlohmann::ordered_json ServeEngine::description() const {
  return {{"name", model_.entry->name},           {"task", task() == Task::detect ? "detect" : "classify"},
          {"classes", model_.record.num_classes}, {"device", compute_.device},
          {"precision", compute_.precision},      {"labels", model_.record.labels}};
}

}  // namespace vitral::apps
