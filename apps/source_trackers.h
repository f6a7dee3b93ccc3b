/// Detections to tracks, source by source: what is remembered belongs to the source, never to the run.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/findings.h"
#include "apps/picture_stream.h"
#include "apps/track_flags.h"
#include "common/runtime/native.h"

namespace vitral::apps {

class SourceTrackers {
 public:
  /// `classes` gives the labels by which lines and areas choose; it outlives the object.
  SourceTrackers(TrackSettings settings, const NativeRecord& classes)
      : settings_(std::move(settings)), classes_(classes) {}

  /// The objects that are tracked in this frame: the smoothed box, the score and class of the detection behind it.
  /// Frames of the source that were passed over since the last one are counted by the frames' numbers.
  Findings follow(const PreparedPicture& picture, std::span<const ScoredBox> boxes);

  /// {"SOURCE":{"lines":…,"zones":…}}; nothing where none are watched.
  std::optional<nlohmann::ordered_json> zone_counts() const;

 private:
  struct State {
    std::string name;
    ByteTracker tracker;
    std::optional<ZoneCounter> zones;
    std::int64_t last_frame;
  };
  State& state_for(const PreparedPicture& picture);
  TrackSettings settings_;
  const NativeRecord& classes_;
  std::map<std::size_t, State> states_;
};

}  // namespace vitral::apps
