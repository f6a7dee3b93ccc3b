/// The tracker alone, on detections from a file.
#pragma once

#include <string>

#include "apps/console.h"
#include "video/tracking/byte_tracker.h"

namespace vitral::apps {

/// MOTChallenge detections of at least the score `least`, in any order of lines, to MOTChallenge tracks. Frames without
/// detections, from the first frame of the file on, are stepped too. Returns the exit code.
int track_detections(const std::string& detections, const std::string& tracks, bool overwrite,
                     const TrackerOptions& options, double least, Console& console);

}  // namespace vitral::apps
