#include "video/tracking/zones.h"

#include <algorithm>
#include <cmath>

#include "common/core/error.h"

namespace vitral {
namespace {

/// Above 0 where `point` is to the right of the way from `from` to `to` (y points down), 0 on the line through both.
double side_of(const Point& from, const Point& to, const Point& point) {
  return (to.x - from.x) * (point.y - from.y) - (to.y - from.y) * (point.x - from.x);
}

Point middle_of(const Box& box, Anchor anchor) {
  const double x = (box.xmin + box.xmax) / 2;
  return {x, anchor == Anchor::bottom ? box.ymax : (box.ymin + box.ymax) / 2};
}

std::vector<Point> anchors_of(const Box& box, Anchor anchor) {
  if (anchor != Anchor::box) return {middle_of(box, anchor)};
  return {{box.xmin, box.ymin}, {box.xmax, box.ymin}, {box.xmin, box.ymax}, {box.xmax, box.ymax}};
}

/// -1 where all points are left of the line, 1 where all are right, else 0.
int side_of(const CountingLine& line, const Box& box) {
  int sides = 0;
  const auto points = anchors_of(box, line.anchor);
  for (const Point& point : points) {
    const double side = side_of(line.from, line.to, point);
    sides += side > 0 ? 1 : side < 0 ? -1 : 0;
  }
  const int all = static_cast<int>(points.size());
  return sides == all ? 1 : sides == -all ? -1 : 0;
}

/// Whether the way from a point on one side of the line to one on the other meets it between its ends.
bool goes_through(const CountingLine& line, const Point& from, const Point& to) {
  return side_of(from, to, line.from) * side_of(from, to, line.to) <= 0;
}

bool is_on_edge(const Point& a, const Point& b, const Point& point) {
  return side_of(a, b, point) == 0 && point.x >= std::min(a.x, b.x) && point.x <= std::max(a.x, b.x) &&
         point.y >= std::min(a.y, b.y) && point.y <= std::max(a.y, b.y);
}

bool is_inside(const std::vector<Point>& polygon, const Point& point) {
  bool inside = false;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const Point &a = polygon[i], &b = polygon[(i + 1) % polygon.size()];
    if (is_on_edge(a, b, point)) return true;
    // Edges from the point to the right; each edge owns its upper end only, so that a corner is counted once.
    if ((a.y > point.y) != (b.y > point.y) && point.x < a.x + (point.y - a.y) / (b.y - a.y) * (b.x - a.x))
      inside = !inside;
  }
  return inside;
}

/// 1 where all points are inside, -1 where none is, else 0.
int side_of(const Zone& zone, const Box& box) {
  const auto points = anchors_of(box, zone.anchor);
  const auto inside = static_cast<std::size_t>(
      std::count_if(points.begin(), points.end(), [&](const Point& point) { return is_inside(zone.polygon, point); }));
  return inside == points.size() ? 1 : inside == 0 ? -1 : 0;
}

bool is_counted(const std::vector<std::string>& labels, std::string_view label) {
  return labels.empty() || std::find(labels.begin(), labels.end(), label) != labels.end();
}

void check(bool fine, const std::string& name, const char* problem) {
  if (!fine) throw Error(ErrorKind::usage, "'" + name + "'", problem);
}

}  // namespace

std::string_view to_string(ZoneEvent::Kind kind) {
  static constexpr std::string_view kNames[] = {"in", "out", "enter", "exit", "gone"};
  return kNames[static_cast<std::size_t>(kind)];
}

ZoneCounter::ZoneCounter(Scene scene, std::int64_t memory)
    : scene_(std::move(scene)), memory_(memory), line_counts_(scene_.lines.size()), zone_counts_(scene_.zones.size()) {
  for (const auto& line : scene_.lines) {
    check(line.from.x != line.to.x || line.from.y != line.to.y, line.name, "the line has no length");
    check(line.frames >= 1, line.name, "the frames are below 1");
  }
  for (const auto& zone : scene_.zones) {
    check(zone.polygon.size() >= 3, zone.name, "the polygon has fewer than three corners");
    check(zone.frames >= 1, zone.name, "the frames are below 1");
  }
}

std::vector<ZoneEvent> ZoneCounter::update(std::span<const TrackedObject> objects, std::int64_t frames) {
  frame_ += std::max<std::int64_t>(frames, 1);
  std::vector<ZoneEvent> events;
  for (const auto& object : objects) {
    Memory& memory = tracks_[object.id];
    memory.last_frame = frame_;
    memory.at_lines.resize(scene_.lines.size());
    memory.in_zones.resize(scene_.zones.size());
  }
  for (std::size_t line = 0; line < scene_.lines.size(); ++line) {
    for (const auto& object : objects) watch_line(line, object, events);
  }
  for (std::size_t zone = 0; zone < scene_.zones.size(); ++zone) {
    for (const auto& object : objects) watch_zone(zone, object, events);
  }
  forget(events);
  return events;
}

void ZoneCounter::watch_line(std::size_t index, const TrackedObject& object, std::vector<ZoneEvent>& events) {
  const CountingLine& line = scene_.lines[index];
  const int side = side_of(line, object.box);
  if (side == 0 || !is_counted(line.labels, object.label)) return;
  Place& place = tracks_[object.id].at_lines[index];
  const Point here = middle_of(object.box, line.anchor);
  if (place.side == 0 || side == place.side) {
    place = {side, here};
    return;
  }
  if (place.frames_elsewhere++ == 0) place.went_through = goes_through(line, place.at, here);
  if (place.frames_elsewhere < line.frames) return;
  if (place.went_through) {
    ++(side > 0 ? line_counts_[index].in : line_counts_[index].out);
    events.push_back({side > 0 ? ZoneEvent::Kind::in : ZoneEvent::Kind::out, line.name, object.id});
  }
  place = {side, here};
}

void ZoneCounter::watch_zone(std::size_t index, const TrackedObject& object, std::vector<ZoneEvent>& events) {
  const Zone& zone = scene_.zones[index];
  const int side = side_of(zone, object.box);
  if (side == 0 || !is_counted(zone.labels, object.label)) return;
  Place& place = tracks_[object.id].in_zones[index];
  if ((side > 0) == (place.side > 0)) {
    place.frames_elsewhere = 0;
    return;
  }
  if (++place.frames_elsewhere < zone.frames) return;
  place = {side};
  ZoneCount& count = zone_counts_[index];
  if (side > 0) ++count.entered;
  count.inside = side > 0 ? count.inside + 1 : count.inside - 1;
  events.push_back({side > 0 ? ZoneEvent::Kind::enter : ZoneEvent::Kind::exit, zone.name, object.id});
}

void ZoneCounter::forget(std::vector<ZoneEvent>& events) {
  std::erase_if(tracks_, [&](const auto& track) {
    const auto& [id, memory] = track;
    if (frame_ - memory.last_frame <= memory_) return false;
    for (std::size_t zone = 0; zone < memory.in_zones.size(); ++zone) {
      if (memory.in_zones[zone].side <= 0) continue;
      --zone_counts_[zone].inside;
      events.push_back({ZoneEvent::Kind::gone, scene_.zones[zone].name, id});
    }
    return true;
  });
}

}  // namespace vitral
