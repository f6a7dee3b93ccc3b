#include "apps/track_detections.h"

#include <set>

#include "apps/output_flags.h"
#include "common/core/file.h"
#include "common/core/text.h"
#include "video/tracking/mot_file.h"

namespace vitral::apps {

int track_detections(const std::string& detections, const std::string& tracks, bool overwrite,
                     const TrackerOptions& options, double least, Console& console) {
  refuse_same_file(tracks, detections);
  AtomicFile file(tracks, overwrite);
  const auto rows = read_mot(detections, MotContent::detections);
  ByteTracker tracker(options);
  std::set<std::int64_t> ids;
  const std::int64_t last_frame = rows.empty() ? 0 : rows.back().frame;
  std::vector<ScoredBox> boxes;
  std::string text;
  for (std::size_t next = 0, frame = 1; static_cast<std::int64_t>(frame) <= last_frame; ++frame) {
    boxes.clear();
    text.clear();
    for (; next < rows.size() && rows[next].frame == static_cast<std::int64_t>(frame); ++next) {
      if (rows[next].confidence >= least) boxes.push_back({rows[next].box, rows[next].confidence, 0});
    }
    for (const auto& track : tracker.update(boxes)) {
      ids.insert(track.id);
      text += mot_line({static_cast<std::int64_t>(frame), track.id, track.box, boxes[track.detection].score});
    }
    if (!text.empty()) file.write(text);
  }
  file.commit();
  console.note("written: " + printable(tracks) + " (" + std::to_string(ids.size()) + " tracks in " +
               std::to_string(last_frame) + " frames)");
  return 0;
}

}  // namespace vitral::apps
