/// What becomes of the inputs of a run over pictures and frames: bad ones are skipped, named and counted.
#pragma once

#include "apps/json_sink.h"
#include "apps/picture_stream.h"
#include "apps/records.h"

namespace vitral::apps {

class RunReport {
 public:
  /// `strict`: the first bad input ends the run.
  RunReport(Console& console, JsonSink& json, bool strict) : console_(console), json_(json), strict_(strict) {}
  void set_sources(std::size_t sources) { sources_ = sources; }

  /// Counts an input that can't be used. Throws Error(input) where the run is strict.
  void skip(const PreparedPicture& picture);
  void succeeded(const PreparedPicture& picture) { summary_.succeeded(picture.times.total()); }
  /// Writes the summary record. Throws Error(input) where nothing at all could be read.
  void finish(bool interrupted = false);

 private:
  Console& console_;
  JsonSink& json_;
  bool strict_;
  std::size_t sources_ = 0;
  Summary summary_;
  std::string last_error_;
};

}  // namespace vitral::apps
