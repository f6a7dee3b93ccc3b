#include "apps/detect_records.h"

#include <cstdio>

#include "common/core/text.h"

namespace vitral::apps {

nlohmann::ordered_json detection_record(const PreparedPicture& picture, std::span<const ScoredBox> boxes,
                                        const NativeRecord& classes) {
  auto detections = nlohmann::ordered_json::array();
  for (const auto& [box, score, class_id] : boxes) {
    detections.push_back({{"class_id", class_id},
                          {"category_id", category_id(classes, class_id)},
                          {"label", class_label(classes, class_id)},
                          {"score", score},
                          {"box", {{"xmin", box.xmin}, {"ymin", box.ymin}, {"xmax", box.xmax}, {"ymax", box.ymax}}}});
  }
  nlohmann::ordered_json record = {{"schema", "vitral.detections/1"}, {"source", picture.source.name}};
  if (picture.frame) {
    record["frame"] = picture.frame->index;
    record["t_ms"] = picture.frame->t_ms;
  }
  record["size"] = {picture.width, picture.height};
  record["detections"] = std::move(detections);
  record["timing_ms"] = picture.times.json();
  return record;
}

std::string detection_text(const PreparedPicture& picture, std::span<const ScoredBox> boxes,
                           const NativeRecord& classes) {
  std::string text = printable(picture.source.name);
  if (picture.frame) text += " frame " + std::to_string(picture.frame->index);
  text += ": " + std::to_string(boxes.size()) + (boxes.size() == 1 ? " object\n" : " objects\n");
  for (const auto& [box, score, class_id] : boxes) {
    char line[160];
    std::snprintf(line, sizeof line, "  %6.2f%%  %-20s %8.1f %8.1f %8.1f %8.1f\n", 100 * score,
                  printable(class_label(classes, class_id), 60).c_str(), box.xmin, box.ymin, box.xmax, box.ymax);
    text += line;
  }
  return text;
}

}  // namespace vitral::apps
