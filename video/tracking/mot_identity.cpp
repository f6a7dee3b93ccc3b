#include <algorithm>
#include <map>

#include "video/tracking/association.h"
#include "video/tracking/mot_metrics.h"

namespace vitral {
namespace {

constexpr double kSameObject = 0.5;

double share(double part, double whole) {
  return part / std::max(1.0, whole);
}

}  // namespace

IdentityMetrics::IdentityMetrics(const MotSequence& sequence) {
  // One track for each object, so that the most boxes agree: that also makes the fewest misses and false alarms.
  std::map<std::pair<Eigen::Index, Eigen::Index>, double> agreeing;
  for (const auto& frame : sequence.frames) {
    const RowMajorMatrix similarity = frame.similarity();
    for (Eigen::Index row = 0; row < similarity.rows(); ++row) {
      for (Eigen::Index col = 0; col < similarity.cols(); ++col) {
        if (similarity(row, col) >= kSameObject) agreeing[{frame.truth[row], frame.tracks[col]}] += 1;
      }
    }
  }
  std::vector<PossiblePair> pairs;
  for (const auto& [pair, boxes] : agreeing) {
    pairs.push_back({static_cast<std::uint32_t>(pair.first), static_cast<std::uint32_t>(pair.second), -boxes});
  }
  const auto chosen = associate(sequence.truth_lengths.size(), sequence.track_lengths.size(), pairs, 0.0).pairs;
  for (const auto& [object, track] : chosen) true_positives += static_cast<std::size_t>(agreeing[{object, track}]);
  false_negatives = sequence.truth_boxes - true_positives;
  false_positives = sequence.track_boxes - true_positives;
}

IdentityMetrics& IdentityMetrics::operator+=(const IdentityMetrics& other) {
  true_positives += other.true_positives;
  false_negatives += other.false_negatives;
  false_positives += other.false_positives;
  return *this;
}

double IdentityMetrics::idf1() const {
  const auto right = static_cast<double>(true_positives);
  return share(right, right + 0.5 * static_cast<double>(false_positives) + 0.5 * static_cast<double>(false_negatives));
}
double IdentityMetrics::recall() const {
  return share(static_cast<double>(true_positives), static_cast<double>(true_positives + false_negatives));
}
double IdentityMetrics::precision() const {
  return share(static_cast<double>(true_positives), static_cast<double>(true_positives + false_positives));
}

}  // namespace vitral
