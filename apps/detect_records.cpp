#include "apps/detect_records.h"

#include <cstdio>

#include "common/core/text.h"
#include "video/tracking/zones_file.h"

namespace vitral::apps {

nlohmann::ordered_json detection_record(const PreparedPicture& picture, const Findings& found,
                                        const NativeRecord& classes) {
  auto detections = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < found.boxes.size(); ++i) {
    const auto& [box, score, class_id] = found.boxes[i];
    detections.push_back({{"class_id", class_id},
                          {"category_id", category_id(classes, class_id)},
                          {"label", class_label(classes, class_id)},
                          {"score", score},
                          {"box", {{"xmin", box.xmin}, {"ymin", box.ymin}, {"xmax", box.xmax}, {"ymax", box.ymax}}}});
    if (!found.track_ids.empty()) detections.back()["track_id"] = found.track_ids[i];
  }
  nlohmann::ordered_json record = {{"schema", "vitral.detections/1"}, {"source", picture.source.name}};
  if (picture.frame) {
    record["frame"] = picture.frame->index;
    record["t_ms"] = picture.frame->t_ms;
  }
  record["size"] = {picture.width, picture.height};
  record["detections"] = std::move(detections);
  if (found.events) {
    auto& events = record["events"] = nlohmann::ordered_json::array();
    for (const auto& event : *found.events) events.push_back(to_json(event));
  }
  record["timing_ms"] = picture.times.json();
  return record;
}

std::string detection_text(const PreparedPicture& picture, const Findings& found, const NativeRecord& classes) {
  std::string text = printable(picture.source.name);
  if (picture.frame) text += " frame " + std::to_string(picture.frame->index);
  text += ": " + std::to_string(found.boxes.size()) + (found.boxes.size() == 1 ? " object\n" : " objects\n");
  for (std::size_t i = 0; i < found.boxes.size(); ++i) {
    const auto& [box, score, class_id] = found.boxes[i];
    char line[160];
    std::snprintf(line, sizeof line, "  %6.2f%%  %-20s %8.1f %8.1f %8.1f %8.1f", 100 * score,
                  printable(class_label(classes, class_id), 60).c_str(), box.xmin, box.ymin, box.xmax, box.ymax);
    text += line;
    if (!found.track_ids.empty()) text += "  #" + std::to_string(found.track_ids[i]);
    text += "\n";
  }
  if (found.events) {
    for (const auto& event : *found.events) {
      text += "  " + std::string(to_string(event.kind)) + " " + printable(event.name, 100) + " #" +
              std::to_string(event.track_id) + "\n";
    }
  }
  return text;
}

}  // namespace vitral::apps
