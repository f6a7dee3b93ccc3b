#include "apps/overlay.h"

#include <algorithm>
#include <cstdio>

namespace vitral::apps {
namespace {

constexpr double kTrailMs = 2'000;
constexpr int kSceneColor = 3;

std::pair<float, float> point(double x, double y) {
  return {static_cast<float>(x), static_cast<float>(y)};
}

std::vector<image::Polyline> outlines_of(const Scene& scene) {
  std::vector<image::Polyline> outlines;
  for (const auto& line : scene.lines)
    outlines.push_back({{point(line.from.x, line.from.y), point(line.to.x, line.to.y)}, kSceneColor});
  for (const auto& zone : scene.zones) {
    outlines.push_back({{}, kSceneColor, true});
    for (const auto& corner : zone.polygon) outlines.back().points.push_back(point(corner.x, corner.y));
  }
  return outlines;
}

/// A track keeps its colour whatever class it is taken for; without tracks a class has one.
int color_of(const Findings& found, std::size_t i) {
  return found.track_ids.empty() ? found.boxes[i].class_id : static_cast<int>(found.track_ids[i] & 0xffff);
}

std::vector<image::LabelledBox> labelled(const Findings& found, const NativeRecord& classes) {
  std::vector<image::LabelledBox> result;
  for (std::size_t i = 0; i < found.boxes.size(); ++i) {
    const auto& [box, score, class_id] = found.boxes[i];
    char percent[16];
    std::snprintf(percent, sizeof percent, " %.2f", score);
    std::string text = class_label(classes, class_id);
    text += found.track_ids.empty() ? percent : " #" + std::to_string(found.track_ids[i]);
    result.push_back({static_cast<float>(box.xmin), static_cast<float>(box.ymin), static_cast<float>(box.xmax),
                      static_cast<float>(box.ymax), std::move(text), color_of(found, i)});
  }
  std::reverse(result.begin(), result.end());  // the best one on top
  return result;
}

}  // namespace

Overlay::Overlay(const NativeRecord& classes, std::optional<Scene> scene) : classes_(classes) {
  if (scene) scene_ = outlines_of(*scene);
}

void Overlay::draw(PreparedPicture& picture, const Findings& found) {
  image::draw_lines(picture.picture, scene_);
  if (!found.track_ids.empty() || trails_.contains(picture.source.index)) {
    auto& trails = trails_[picture.source.index];
    extend(trails, picture.frame->t_ms, found);
    std::vector<image::Polyline> ways;
    for (std::size_t i = 0; i < found.track_ids.size(); ++i) {
      const auto& points = trails[found.track_ids[i]].points;
      ways.push_back({{points.begin(), points.end()}, color_of(found, i)});
    }
    image::draw_lines(picture.picture, ways);
  }
  image::draw_boxes(picture.picture, labelled(found, classes_));
}

void Overlay::extend(Trails& trails, double t_ms, const Findings& found) const {
  for (std::size_t i = 0; i < found.track_ids.size(); ++i) {
    const Box& box = found.boxes[i].box;
    auto& trail = trails[found.track_ids[i]];
    trail.points.push_back(point((box.xmin + box.xmax) / 2, box.ymax));
    trail.times_ms.push_back(t_ms);
  }
  for (auto it = trails.begin(); it != trails.end();) {
    auto& [points, times] = it->second;
    for (; !times.empty() && times.front() < t_ms - kTrailMs; times.pop_front()) points.pop_front();
    it = times.empty() ? trails.erase(it) : std::next(it);
  }
}

}  // namespace vitral::apps
