#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "common/core/assignment.h"
#include "video/tracking/mot_metrics.h"

namespace vitral {
namespace {

using Curve = HotaMetrics::Curve;
using Eigen::Index;
using Pair = std::pair<Index, Index>;  // object, track
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr double kTiny = 1e-10;  // where nothing was found, its place counts as right

const Curve& thresholds() {
  static const Curve values = [] {
    Curve curve{};
    const double step = (0.05 + 0.05) - 0.05;  // as NumPy's arange forms it
    for (std::size_t i = 0; i < curve.size(); ++i) curve[i] = 0.05 + static_cast<double>(i) * step;
    return curve;
  }();
  return values;
}

template <class Function>
Curve curve_of(Function function) {
  Curve curve{};
  for (std::size_t i = 0; i < curve.size(); ++i) curve[i] = function(i);
  return curve;
}

double share(double part, double whole) {
  return part / std::max(1.0, whole);
}

/// How well each object and each track agree over the whole sequence, before any one-to-one matching; pairs that never
/// overlap are left out.
std::map<Pair, double> global_alignment(const MotSequence& sequence) {
  std::map<Pair, double> alignment;
  for (const auto& frame : sequence.frames) {
    const RowMajorMatrix similarity = frame.similarity();
    const Eigen::ArrayXd of_truth = similarity.rowwise().sum(), of_tracks = similarity.colwise().sum().transpose();
    for (Index row = 0; row < similarity.rows(); ++row) {
      for (Index col = 0; col < similarity.cols(); ++col) {
        const double own = similarity(row, col), all = of_tracks[col] + of_truth[row] - own;
        if (own > 0 && all > kEpsilon) alignment[{frame.truth[row], frame.tracks[col]}] += own / all;
      }
    }
  }
  for (auto& [pair, shared] : alignment) {
    const auto frames = static_cast<double>(sequence.truth_lengths[pair.first] + sequence.track_lengths[pair.second]);
    shared /= frames - shared;
  }
  return alignment;
}

/// Counts one frame; `matches` gets how often each pair was matched at each threshold.
void count(const MotFrame& frame, const std::map<Pair, double>& alignment, HotaMetrics& metrics,
           std::map<Pair, Curve>& matches) {
  const RowMajorMatrix similarity = frame.similarity();
  const auto score = RowMajorMatrix::NullaryExpr(similarity.rows(), similarity.cols(), [&](Index row, Index col) {
    if (similarity(row, col) <= 0) return 0.0;
    const auto found = alignment.find({frame.truth[row], frame.tracks[col]});
    return found == alignment.end() ? 0.0 : found->second * similarity(row, col);
  });
  Curve right{};
  for (const auto& [row, col] : linear_assignment(RowMajorMatrix(score), /*maximize=*/true)) {
    if (similarity(row, col) < thresholds().front() - kEpsilon) continue;
    Curve& of_pair = matches[{frame.truth[row], frame.tracks[col]}];
    for (std::size_t i = 0; i < right.size(); ++i) {
      if (similarity(row, col) < thresholds()[i] - kEpsilon) break;
      right[i] += 1;
      of_pair[i] += 1;
      metrics.overlap_sum[i] += similarity(row, col);
    }
  }
  for (std::size_t i = 0; i < right.size(); ++i) {
    metrics.true_positives[i] += right[i];
    metrics.false_negatives[i] += static_cast<double>(frame.truth.size()) - right[i];
    metrics.false_positives[i] += static_cast<double>(frame.tracks.size()) - right[i];
  }
}

}  // namespace

HotaMetrics::HotaMetrics(const MotSequence& sequence) {
  const auto alignment = global_alignment(sequence);
  std::map<Pair, Curve> matches;
  for (const auto& frame : sequence.frames) count(frame, alignment, *this, matches);
  for (const auto& [pair, matched] : matches) {
    const auto in_truth = static_cast<double>(sequence.truth_lengths[pair.first]);
    const auto in_tracks = static_cast<double>(sequence.track_lengths[pair.second]);
    for (std::size_t i = 0; i < kThresholds; ++i) {
      association_sum[i] += matched[i] * share(matched[i], in_truth + in_tracks - matched[i]);
      association_recall_sum[i] += matched[i] * share(matched[i], in_truth);
      association_precision_sum[i] += matched[i] * share(matched[i], in_tracks);
    }
  }
}

HotaMetrics& HotaMetrics::operator+=(const HotaMetrics& other) {
  for (const auto curve : {&HotaMetrics::true_positives, &HotaMetrics::false_negatives, &HotaMetrics::false_positives,
                           &HotaMetrics::association_sum, &HotaMetrics::association_recall_sum,
                           &HotaMetrics::association_precision_sum, &HotaMetrics::overlap_sum}) {
    for (std::size_t i = 0; i < kThresholds; ++i) (this->*curve)[i] += (other.*curve)[i];
  }
  return *this;
}

Curve HotaMetrics::hota() const {
  return curve_of([detection = detection(), association = association()](std::size_t i) {
    return std::sqrt(detection[i] * association[i]);
  });
}
Curve HotaMetrics::detection() const {
  return curve_of([this](std::size_t i) {
    return share(true_positives[i], true_positives[i] + false_negatives[i] + false_positives[i]);
  });
}
Curve HotaMetrics::detection_recall() const {
  return curve_of([this](std::size_t i) { return share(true_positives[i], true_positives[i] + false_negatives[i]); });
}
Curve HotaMetrics::detection_precision() const {
  return curve_of([this](std::size_t i) { return share(true_positives[i], true_positives[i] + false_positives[i]); });
}
Curve HotaMetrics::association() const {
  return curve_of([this](std::size_t i) { return share(association_sum[i], true_positives[i]); });
}
Curve HotaMetrics::association_recall() const {
  return curve_of([this](std::size_t i) { return share(association_recall_sum[i], true_positives[i]); });
}
Curve HotaMetrics::association_precision() const {
  return curve_of([this](std::size_t i) { return share(association_precision_sum[i], true_positives[i]); });
}
Curve HotaMetrics::localisation() const {
  return curve_of(
      [this](std::size_t i) { return std::max(kTiny, overlap_sum[i]) / std::max(kTiny, true_positives[i]); });
}

double mean(const Curve& curve) {
  return std::accumulate(curve.begin(), curve.end(), 0.0) / static_cast<double>(curve.size());
}

}  // namespace vitral
