/// A detector over all inputs, and everything that is written of it.
#pragma once

#include <optional>

#include "apps/annotated_output.h"
#include "apps/detect_engine.h"
#include "apps/detect_flags.h"
#include "apps/mot_text.h"
#include "apps/overlay.h"
#include "apps/result_files.h"
#include "apps/run_report.h"
#include "apps/source_trackers.h"
#include "apps/window.h"

namespace vitral::apps {

class DetectRun {
 public:
  /// With `track` objects are followed, and inputs have to be videos: Error(usage) names the first that is none.
  DetectRun(const DetectFlags& flags, const TrackFlags* track, Console& console);
  /// Returns the exit code.
  int run();

 private:
  void take(std::vector<PreparedPicture> pictures);
  void compute(std::vector<PreparedPicture>& batch);
  void write(PreparedPicture& picture, std::vector<ScoredBox> boxes);
  int finish();

  const DetectFlags& flags_;
  Console& console_;
  std::optional<TrackSettings> tracking_;  // read before anything is written
  std::vector<PictureSource> sources_;
  std::optional<Window> window_;  // before anything that starts threads
  JsonSink json_;
  RunReport report_;
  LoadedModel model_;
  DetectEngine engine_;
  std::optional<SourceTrackers> trackers_;
  std::optional<Overlay> overlay_;
  std::optional<AnnotatedOutput> annotated_;
  std::optional<LiveView> view_;
  std::optional<YoloText> text_;
  std::optional<CocoResultsFile> coco_;
  std::optional<MotText> mot_;
  bool closed_ = false;  ///< the user has seen enough
};

}  // namespace vitral::apps
