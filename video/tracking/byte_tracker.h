/// ByteTrack (Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV 2022): tracks
/// are first matched with the sure detections and, where that fails, with the weak ones.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/core/box.h"
#include "video/tracking/association.h"
#include "video/tracking/box_filter.h"

namespace vitral {

struct TrackerOptions {
  double track_threshold = 0.5;      ///< detections above this are sure, those below it weak
  double weak_threshold = 0.1;       ///< detections at or below this are not used
  double new_track_threshold = 0.6;  ///< the score from which a sure detection without a track starts one
  double match_threshold = 0.8;      ///< the largest cost, 1 - overlap x score, of a track and a sure detection
  bool fuse_score = true;            ///< false: the cost is 1 - overlap (the authors' setting for MOT20)
  double buffer_seconds = 1.0;       ///< how long a track that is not seen is remembered
  double frame_rate = 30.0;          ///< frames a second of the source
};

/// A track in the present frame.
struct Track {
  std::int64_t id;        ///< from 1, never used again
  Box box;                ///< smoothed, pixels
  std::size_t detection;  ///< index of the detection that it was matched with: its score and class are the track's
};

/// The tracks of one source. Memory is bounded by the number of objects that are seen within the buffer.
///
/// Frame for frame the authors' algorithm, also in this: a track that ran out of its buffer may still be found in the
/// next frame, but is then forgotten at the first miss.
class ByteTracker {
 public:
  /// Throws Error(usage) for values that make no sense: thresholds that are NaN, a rate or buffer that is negative or
  /// infinite.
  explicit ByteTracker(const TrackerOptions& options = {});

  /// One frame: detections in any order, pixels -> the tracks seen in it, oldest first as the authors list them. Frames
  /// without detections have to be given too. `frames` is how many frames of the source have passed since the last
  /// call: more than 1 where some were dropped; the motion is carried on over them. After a gap longer than the buffer
  /// all tracks are gone. Boxes that are not finite or have no width or height, and scores that are NaN, are passed
  /// over.
  std::vector<Track> update(std::span<const ScoredBox> detections, std::int64_t frames = 1);

  /// Tracks that are held in memory: seen, not yet confirmed, or remembered.
  std::size_t size() const { return seen_.size() + lost_.size(); }

 private:
  struct State {
    BoxFilter filter;
    std::int64_t id, first_frame, last_frame;
    std::size_t detection;
    bool confirmed;        // seen twice; those of the first call at once
    bool lost = false;     // not seen of late
    bool expired = false;  // lost for longer than the buffer
  };
  struct Detections {
    std::vector<std::size_t> index;  // into what update was given
    std::vector<Box> boxes;
    std::vector<double> scores;
  };
  using States = std::vector<State*>;

  void predict(const States& pool, std::int64_t frames);
  void match_weak(const States& pool, std::span<const std::uint32_t> unmatched, const Detections& weak);
  std::vector<std::uint32_t> confirm(const Detections& sure, std::span<const std::uint32_t> unmatched);
  std::vector<State> start_tracks(const Detections& sure, std::span<const std::uint32_t> unmatched);
  void rebuild_lists(std::vector<State> started);
  void remove_duplicates();
  void see(State& track, const Detections& detections, std::size_t detection);
  std::vector<PossiblePair> costs(const States& tracks, const Detections& detections, bool fuse_score) const;

  TrackerOptions options_;
  std::int64_t buffer_frames_;
  std::int64_t frame_ = 0, next_id_ = 1;
  bool first_call_ = true;
  std::vector<State> seen_, lost_;
};

}  // namespace vitral
