/// The flags of following objects through videos.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "video/tracking/byte_tracker.h"
#include "video/tracking/zones.h"

namespace vitral::apps {

/// What the flags mean, with the files that they name read.
struct TrackSettings {
  TrackerOptions tracker;
  std::optional<Scene> scene;  ///< lines and areas that are watched
};

/// --tracker, --track-buffer, --mot, --zones.
struct TrackFlags {
  std::string tracker, buffer, mot, zones;
  void add(CLI::App& app);
  /// Throws Error(usage) for files and values that make no sense.
  TrackSettings settings() const;
};

/// Reads a tracker's numbers: track, weak, new_track, match (each 0 to 1), fuse_score (true or false), buffer ("1s").
/// What is left out stays as it is in TrackerOptions, but new_track, which is 0.1 above track. Throws Error(usage).
TrackerOptions read_tracker_options(const std::string& path);

}  // namespace vitral::apps
