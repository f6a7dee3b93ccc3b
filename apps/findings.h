/// What a run found in one picture or frame.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/core/box.h"
#include "video/tracking/zones.h"

namespace vitral::apps {

struct Findings {
  std::vector<ScoredBox> boxes;  ///< pixels of the upright picture
  bool is_tracked = false;
  std::vector<std::int64_t> track_ids;           ///< one a box where objects are followed, else none
  std::optional<std::vector<ZoneEvent>> events;  ///< where lines and areas are watched
};

}  // namespace vitral::apps
