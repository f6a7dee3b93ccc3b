/// What was found, drawn into the picture: boxes with labels, the way of each track, lines and areas.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "apps/findings.h"
#include "apps/picture_stream.h"
#include "common/image/draw.h"
#include "common/runtime/native.h"

namespace vitral::apps {

class Overlay {
 public:
  /// `classes` outlives the object; `scene` is what is watched.
  Overlay(const NativeRecord& classes, std::optional<Scene> scene);
  /// Draws into `picture.picture`. Frames of one source have to come in their order.
  void draw(PreparedPicture& picture, const Findings& found);

 private:
  /// Where the foot of a track was in the last frames that showed it.
  struct Trail {
    std::deque<std::pair<float, float>> points;
    std::deque<double> times_ms;
  };
  using Trails = std::map<std::int64_t, Trail>;
  void extend(Trails& trails, double t_ms, const Findings& found) const;
  const NativeRecord& classes_;
  std::vector<image::Polyline> scene_;
  std::map<std::size_t, Trails> trails_;  ///< by source
};

}  // namespace vitral::apps
