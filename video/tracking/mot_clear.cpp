#include <algorithm>
#include <limits>

#include "common/core/assignment.h"
#include "video/tracking/mot_metrics.h"

namespace vitral {
namespace {

using Eigen::Index;
constexpr double kSameObject = 0.5 - std::numeric_limits<double>::epsilon();
constexpr Index kNobody = -1;

double share(std::size_t part, std::size_t whole) {
  return static_cast<double>(part) / static_cast<double>(std::max<std::size_t>(1, whole));
}

/// Goes through the frames and remembers which track each object had.
class ClearCounter {
 public:
  ClearCounter(const MotSequence& sequence, ClearMetrics& metrics)
      : metrics_(metrics),
        last_track_(sequence.truth_lengths.size(), kNobody),
        track_before_(last_track_),
        frames_tracked_(last_track_.size()),
        starts_(last_track_.size()) {}

  void count(const MotFrame& frame) {
    if (frame.truth.empty() || frame.tracks.empty()) {  // such a frame is no interruption
      metrics_.false_positives += frame.tracks.size();
      metrics_.false_negatives += frame.truth.size();
      return;
    }
    const RowMajorMatrix similarity = frame.similarity();
    std::vector<Index> track_now(last_track_.size(), kNobody);
    std::size_t matches = 0;
    for (const auto& [row, col] : linear_assignment(scores(frame, similarity), /*maximize=*/true)) {
      if (similarity(row, col) < kSameObject) continue;
      const Index object = frame.truth[row], track = frame.tracks[col];
      metrics_.id_switches += last_track_[object] != kNobody && last_track_[object] != track ? 1 : 0;
      starts_[object] += track_before_[object] == kNobody ? 1 : 0;
      last_track_[object] = track_now[object] = track;
      ++frames_tracked_[object];
      ++matches;
      metrics_.overlap_sum += similarity(row, col);
    }
    metrics_.true_positives += matches;
    metrics_.false_negatives += frame.truth.size() - matches;
    metrics_.false_positives += frame.tracks.size() - matches;
    track_before_ = std::move(track_now);
  }

  void count_objects(const std::vector<std::size_t>& lengths) {
    for (std::size_t object = 0; object < lengths.size(); ++object) {
      const double tracked = share(frames_tracked_[object], lengths[object]);
      ++(tracked > 0.8 ? metrics_.mostly_tracked : tracked >= 0.2 ? metrics_.partly_tracked : metrics_.mostly_lost);
      metrics_.fragmentations += std::max<std::size_t>(1, starts_[object]) - 1;
    }
  }

 private:
  /// The pairs of the frame before come first, the overlap decides among the others.
  RowMajorMatrix scores(const MotFrame& frame, const RowMajorMatrix& similarity) const {
    return RowMajorMatrix::NullaryExpr(similarity.rows(), similarity.cols(), [&](Index row, Index col) {
      if (similarity(row, col) < kSameObject) return 0.0;
      return (track_before_[frame.truth[row]] == frame.tracks[col] ? 1000.0 : 0.0) + similarity(row, col);
    });
  }

  ClearMetrics& metrics_;
  std::vector<Index> last_track_;    // of each object, however long ago
  std::vector<Index> track_before_;  // of each object in the frame before
  std::vector<std::size_t> frames_tracked_, starts_;
};

}  // namespace

ClearMetrics::ClearMetrics(const MotSequence& sequence) {
  ClearCounter counter(sequence, *this);
  for (const auto& frame : sequence.frames) counter.count(frame);
  counter.count_objects(sequence.truth_lengths);
}

ClearMetrics& ClearMetrics::operator+=(const ClearMetrics& other) {
  for (const auto count : {&ClearMetrics::true_positives, &ClearMetrics::false_negatives,
                           &ClearMetrics::false_positives, &ClearMetrics::id_switches, &ClearMetrics::fragmentations,
                           &ClearMetrics::mostly_tracked, &ClearMetrics::partly_tracked, &ClearMetrics::mostly_lost}) {
    this->*count += other.*count;
  }
  overlap_sum += other.overlap_sum;
  return *this;
}

double ClearMetrics::mota() const {
  const double right = static_cast<double>(true_positives) - static_cast<double>(false_positives + id_switches);
  return right / static_cast<double>(std::max<std::size_t>(1, true_positives + false_negatives));
}
double ClearMetrics::motp() const {
  return overlap_sum / static_cast<double>(std::max<std::size_t>(1, true_positives));
}
double ClearMetrics::recall() const {
  return share(true_positives, true_positives + false_negatives);
}
double ClearMetrics::precision() const {
  return share(true_positives, true_positives + false_positives);
}

}  // namespace vitral
