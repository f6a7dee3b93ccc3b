/// How well objects were tracked: MOTChallenge results against their ground truth.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/console.h"
#include "apps/output_flags.h"
#include "video/tracking/mot_metrics.h"

namespace vitral::apps {

struct EvalTracksFlags {
  std::string truth, results, rules = "all";
  std::vector<std::string> gates;
};

/// The three metrics of one sequence, or of several together.
struct TrackingScores {
  HotaMetrics hota;
  ClearMetrics clear;
  IdentityMetrics identity;
  TrackingScores& operator+=(const TrackingScores& other);
  /// TrackEval's names and numbers; shares from 0 to 1.
  nlohmann::ordered_json json() const;
};

/// Files are one sequence. Folders are several: the ground truth's NAME/gt/gt.txt (its length from NAME/seqinfo.ini
/// where that is there) or NAME.txt, the results' NAME.txt. Returns the exit code.
int eval_tracks(const EvalTracksFlags& flags, const OutputFlags& output, Console& console);

}  // namespace vitral::apps
