/// What becomes of the inputs of a run over pictures and frames: bad ones are skipped, named and counted.
#pragma once

#include "apps/feeder.h"
#include "apps/json_sink.h"
#include "apps/records.h"

namespace vitral::apps {

class RunReport {
 public:
  /// `strict`: the first bad input ends the run.
  RunReport(Console& console, JsonSink& json, bool strict) : console_(console), json_(json), strict_(strict) {}
  void set_sources(std::size_t sources) { sources_ = sources; }

  /// Counts an input that can't be used, or a live source that was lost. Throws Error(input) where the run is strict.
  void skip(const PreparedPicture& picture);
  /// Counts a result and gives its latency in milliseconds: the time since a live source gave the frame, else what the
  /// stages took.
  double succeeded(const PreparedPicture& picture);
  /// What became of frames of videos and live sources that were never given. Where one is live the summary has a row
  /// for each of them.
  void add(const std::vector<std::pair<PictureSource, FeederCounts>>& sources);
  /// A further field of the summary record.
  void add(const std::string& name, nlohmann::ordered_json value) { summary_.add(name, std::move(value)); }
  /// Writes the summary record. Throws Error(input) where nothing at all could be read.
  void finish(bool interrupted = false);
  /// Throws Error(lost) where live sources were lost for good: the last thing that a run does.
  void check_lost() const;

 private:
  Console& console_;
  JsonSink& json_;
  bool strict_;
  std::size_t sources_ = 0, lost_ = 0;
  Summary summary_;
  std::map<std::size_t, std::uint64_t> outputs_, failures_;  ///< of videos and live sources, by their index
  std::string last_error_, last_lost_;
};

}  // namespace vitral::apps
