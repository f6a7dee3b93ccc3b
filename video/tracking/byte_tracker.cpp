#include "video/tracking/byte_tracker.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>

#include "common/core/error.h"

namespace vitral {
namespace {

// The authors' constants: largest costs of the second and third association, and the cost below which a seen and a lost
// track are one object.
constexpr double kWeakLimit = 0.5, kConfirmLimit = 0.7, kDuplicateCost = 0.15;

void check(const char* name, double value, double least) {
  if (std::isfinite(value) && value >= least) return;
  throw Error(ErrorKind::usage, name,
              "is " + std::to_string(value) + ", expected a number of at least " + std::to_string(least));
}

std::int64_t frames_in(const TrackerOptions& options) {
  check("track threshold", options.track_threshold, 0);
  check("weak threshold", options.weak_threshold, 0);
  check("new track threshold", options.new_track_threshold, 0);
  check("match threshold", options.match_threshold, 0);
  check("track buffer", options.buffer_seconds, 0);
  check("frame rate", options.frame_rate, 1e-6);
  return static_cast<std::int64_t>(std::min(options.buffer_seconds * options.frame_rate, 1e15));
}

bool can_be_tracked(const ScoredBox& detection) {
  const Box& box = detection.box;
  const bool finite =
      std::isfinite(box.xmin) && std::isfinite(box.ymin) && std::isfinite(box.width()) && std::isfinite(box.height());
  return finite && box.width() > 0 && box.height() > 0 && !std::isnan(detection.score);
}

template <class Value>
std::vector<Value> chosen(const std::vector<Value>& values, std::span<const std::uint32_t> indices) {
  std::vector<Value> result;
  for (const std::uint32_t index : indices) result.push_back(values[index]);
  return result;
}

/// Removes values[i] where dropped[i].
template <class Value>
void drop(std::vector<Value>& values, const std::vector<bool>& dropped) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!dropped[i]) values[kept++] = values[i];
  }
  values.erase(values.begin() + static_cast<std::ptrdiff_t>(kept), values.end());
}

}  // namespace

ByteTracker::ByteTracker(const TrackerOptions& options) : options_(options), buffer_frames_(frames_in(options)) {}

std::vector<Track> ByteTracker::update(std::span<const ScoredBox> detections, std::int64_t frames) {
  frames = std::max<std::int64_t>(frames, 1);
  frame_ += frames;
  if (frames - 1 > buffer_frames_) seen_.clear(), lost_.clear();

  Detections sure, weak;
  for (std::size_t i = 0; i < detections.size(); ++i) {
    if (!can_be_tracked(detections[i])) continue;
    const double score = detections[i].score;
    const bool is_sure = score > options_.track_threshold;
    if (!is_sure && !(score > options_.weak_threshold && score < options_.track_threshold)) continue;
    Detections& to = is_sure ? sure : weak;
    to.index.push_back(i);
    to.boxes.push_back(detections[i].box);
    to.scores.push_back(score);
  }

  States pool;
  for (State& track : seen_) {
    if (track.confirmed) pool.push_back(&track);
  }
  for (State& track : lost_) pool.push_back(&track);
  predict(pool, std::min(frames, buffer_frames_ + 1));
  const Association first =
      associate(pool.size(), sure.boxes.size(), costs(pool, sure, options_.fuse_score), options_.match_threshold);
  for (const auto& [row, col] : first.pairs) see(*pool[row], sure, col);
  match_weak(pool, first.free_rows, weak);
  rebuild_lists(start_tracks(sure, confirm(sure, first.free_cols)));
  remove_duplicates();

  std::vector<Track> tracks;
  for (const State& track : seen_) {
    if (track.confirmed) tracks.push_back({track.id, track.filter.box(), track.detection});
  }
  first_call_ = false;
  return tracks;
}

void ByteTracker::predict(const States& pool, std::int64_t frames) {
  for (State* const track : pool) {
    for (std::int64_t i = 0; i < frames; ++i) {
      if (track->lost) track->filter.stop_growing();
      track->filter.predict();
    }
  }
}

/// Second association: what was seen in the last frame and found no sure detection is lost unless a weak one fits.
void ByteTracker::match_weak(const States& pool, std::span<const std::uint32_t> unmatched, const Detections& weak) {
  States tracks = chosen(pool, unmatched);
  std::erase_if(tracks, [](const State* track) { return track->lost; });
  const Association second = associate(tracks.size(), weak.boxes.size(), costs(tracks, weak, false), kWeakLimit);
  for (const auto& [row, col] : second.pairs) see(*tracks[row], weak, col);
  for (const std::uint32_t row : second.free_rows) tracks[row]->lost = true;
}

/// Third association: a track that was started in the last frame is confirmed by a sure detection or dropped. Returns
/// the sure detections that are left.
std::vector<std::uint32_t> ByteTracker::confirm(const Detections& sure, std::span<const std::uint32_t> unmatched) {
  const Detections left{chosen(sure.index, unmatched), chosen(sure.boxes, unmatched), chosen(sure.scores, unmatched)};
  States tracks;
  for (State& track : seen_) {
    if (!track.confirmed) tracks.push_back(&track);
  }
  const Association third =
      associate(tracks.size(), left.boxes.size(), costs(tracks, left, options_.fuse_score), kConfirmLimit);
  for (const auto& [row, col] : third.pairs) see(*tracks[row], left, col);
  std::erase_if(seen_, [](const State& track) { return !track.confirmed; });
  return chosen(std::vector<std::uint32_t>(unmatched.begin(), unmatched.end()), third.free_cols);
}

std::vector<ByteTracker::State> ByteTracker::start_tracks(const Detections& sure,
                                                          std::span<const std::uint32_t> unmatched) {
  std::vector<State> started;
  for (const std::uint32_t detection : unmatched) {
    if (sure.scores[detection] < options_.new_track_threshold) continue;
    started.push_back(
        {BoxFilter(sure.boxes[detection]), next_id_++, frame_, frame_, sure.index[detection], first_call_});
  }
  return started;
}

/// Moves every track to the list that it now belongs to, in the authors' order.
void ByteTracker::rebuild_lists(std::vector<State> started) {
  std::vector<State> seen, lost;
  for (const State& track : seen_) {
    if (!track.lost) seen.push_back(track);
  }
  seen.insert(seen.end(), started.begin(), started.end());
  for (const State& track : lost_) {
    if (!track.lost) {
      seen.push_back(track);
    } else if (!track.expired) {
      lost.push_back(track);
      lost.back().expired = frame_ - track.last_frame > buffer_frames_;
    }
  }
  for (const State& track : seen_) {
    if (track.lost && !track.expired) lost.push_back(track);
  }
  seen_ = std::move(seen);
  lost_ = std::move(lost);
}

/// Where a seen and a lost track cover the same place, the one that lived longer stays.
void ByteTracker::remove_duplicates() {
  std::vector<Box> seen_boxes, lost_boxes;
  for (const State& track : seen_) seen_boxes.push_back(track.filter.box());
  for (const State& track : lost_) lost_boxes.push_back(track.filter.box());
  std::vector<bool> drop_seen(seen_.size()), drop_lost(lost_.size());
  for (const auto& [row, col, cost] : overlapping_pairs(seen_boxes, lost_boxes)) {
    if (cost >= kDuplicateCost) continue;
    const State &seen = seen_[row], &lost = lost_[col];
    if (seen.last_frame - seen.first_frame > lost.last_frame - lost.first_frame) {
      drop_lost[col] = true;
    } else {
      drop_seen[row] = true;
    }
  }
  drop(seen_, drop_seen);
  drop(lost_, drop_lost);
}

void ByteTracker::see(State& track, const Detections& detections, std::size_t detection) {
  track.filter.update(detections.boxes[detection]);
  track.last_frame = frame_;
  track.detection = detections.index[detection];
  track.confirmed = true;
  track.lost = false;
}

std::vector<PossiblePair> ByteTracker::costs(const States& tracks, const Detections& detections,
                                             bool fuse_score) const {
  std::vector<Box> boxes;
  for (const State* const track : tracks) boxes.push_back(track->filter.box());
  auto pairs = overlapping_pairs(boxes, detections.boxes);
  if (fuse_score) {
    for (auto& pair : pairs) {
      const float shared = 1 - static_cast<float>(pair.cost);  // in single precision, as the authors' code
      pair.cost = 1 - shared * detections.scores[pair.col];
    }
  }
  return pairs;
}

}  // namespace vitral
