/// The figures of a run while it goes on, for the live page.
#pragma once

#include <chrono>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "apps/feeder.h"
#include "apps/findings.h"

namespace vitral::apps {

/// Thread-safe; memory does not grow with the run.
class PageStats {
 public:
  using Clock = std::chrono::steady_clock;
  explicit PageStats(const std::vector<PictureSource>& sources);
  void succeeded(const PreparedPicture& picture, const Findings& found, double latency_ms, Clock::time_point now);
  void failed(const PictureSource& source);
  /// What became of frames that were not given, so far.
  void set(const std::vector<std::pair<PictureSource, FeederCounts>>& counts);
  /// A line for the list of events.
  void event(const std::string& text);
  /// {"state":…,"fps":…,"frames_out":…,"dropped":…,"failed":…,"sources":[…],"events":[…]}
  std::string json(Clock::time_point now) const;

 private:
  struct Source {
    std::string name;
    std::deque<Clock::time_point> given;  ///< of the last seconds
    std::deque<double> latencies;         ///< of the last frames
    std::uint64_t frames_out = 0, failures = 0;
    FeederCounts counts;
    std::optional<std::size_t> tracks;
  };
  mutable std::mutex mutex_;
  std::vector<Source> sources_;
  std::deque<std::pair<std::string, std::string>> events_;  ///< time of day, text
};

}  // namespace vitral::apps
