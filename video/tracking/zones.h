/// Counting tracks that cross lines and enter or leave areas of the picture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/box.h"

namespace vitral {

struct Point {
  double x = 0, y = 0;  ///< pixels of the picture
};

/// Which points of a box have to be on a side of a line, or inside an area.
enum class Anchor {
  box,     ///< all four corners: a box that touches the line is on neither side, so jitter does not count
  bottom,  ///< the middle of the lower edge: where a person stands
  center,
};

/// A line from `from` to `to`. In is from its left to its right, as seen by someone who walks along it.
struct CountingLine {
  std::string name;
  Point from, to;
  Anchor anchor = Anchor::box;
  int frames = 1;                   ///< consecutive frames on the other side before it counts
  std::vector<std::string> labels;  ///< the classes that count; empty: all
};

/// An area within a polygon, its border included; where the polygon crosses itself, the even-odd rule holds.
struct Zone {
  std::string name;
  std::vector<Point> polygon;
  Anchor anchor = Anchor::bottom;
  int frames = 1;
  std::vector<std::string> labels;
};

/// What is watched, as given in a file (zones_file.h).
struct Scene {
  std::vector<CountingLine> lines;
  std::vector<Zone> zones;
};

/// One track in one frame.
struct TrackedObject {
  std::int64_t id;
  Box box;
  std::string_view label;
};

struct ZoneEvent {
  enum class Kind {
    in,     ///< crossed a line from left to right
    out,    ///< crossed it from right to left
    enter,  ///< is inside an area now
    exit,   ///< is outside again
    gone,   ///< was inside when its track ended
  };
  Kind kind;
  std::string name;  ///< of the line or area
  std::int64_t track_id;
};
std::string_view to_string(ZoneEvent::Kind kind);

/// Counts over the frames of one source. Memory is bounded by the tracks of the last `memory` frames.
class ZoneCounter {
 public:
  struct LineCount {
    std::size_t in = 0, out = 0;
  };
  struct ZoneCount {
    std::size_t inside = 0, entered = 0;  ///< now, and ever (those that were there at the beginning included)
  };

  /// `memory`: frames for which a track that is not seen is remembered; the tracker's buffer.
  /// Throws Error(usage) where a line has no length, a polygon fewer than three corners, or a count of frames is
  /// below 1.
  ZoneCounter(Scene scene, std::int64_t memory);

  /// One frame -> what happened in it, by line, then by area, each by the order of `objects`. A track crosses a line
  /// when it was wholly on one side, is wholly on the other, and the straight way between (of the anchor's middle) goes
  /// through the line, not past its ends. `frames` as in ByteTracker::update.
  std::vector<ZoneEvent> update(std::span<const TrackedObject> objects, std::int64_t frames = 1);

  const Scene& scene() const { return scene_; }
  const std::vector<LineCount>& line_counts() const { return line_counts_; }  ///< as scene().lines
  const std::vector<ZoneCount>& zone_counts() const { return zone_counts_; }  ///< as scene().zones

 private:
  /// Where a track is known to be with respect to one line or area.
  struct Place {
    int side = 0;               // lines: -1 left, 1 right, 0 not known yet; areas: 1 inside, else outside
    Point at;                   // lines: where it last was on `side`
    int frames_elsewhere = 0;   // for how long it has seemed to be on the other side
    bool went_through = false;  // lines: whether it got there through the line
  };
  struct Memory {
    std::int64_t last_frame = 0;
    std::vector<Place> at_lines, in_zones;
  };

  void watch_line(std::size_t line, const TrackedObject& object, std::vector<ZoneEvent>& events);
  void watch_zone(std::size_t zone, const TrackedObject& object, std::vector<ZoneEvent>& events);
  void forget(std::vector<ZoneEvent>& events);

  Scene scene_;
  std::int64_t memory_, frame_ = 0;
  std::vector<LineCount> line_counts_;
  std::vector<ZoneCount> zone_counts_;
  std::map<std::int64_t, Memory> tracks_;
};

}  // namespace vitral
