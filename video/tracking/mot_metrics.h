/// How well objects were tracked: CLEAR MOT (Bernardin and Stiefelhagen 2008), identity (Ristani et al. 2016) and HOTA
/// (Luiten et al. 2021), each with the numbers of TrackEval.
///
/// A metric is what was counted; the scores follow from the counts. So the metric of several sequences is their sum, as
/// in TrackEval's row over all sequences. Scores are shares from 0 to 1 (MOTA can be negative).
#pragma once

#include <array>
#include <cstddef>

#include "video/tracking/mot_sequence.h"

namespace vitral {

struct ClearMetrics {
  std::size_t true_positives = 0, false_negatives = 0, false_positives = 0;  ///< boxes, at an overlap of 0.5
  std::size_t id_switches = 0, fragmentations = 0;
  std::size_t mostly_tracked = 0, partly_tracked = 0, mostly_lost = 0;  ///< objects tracked in > 80 %, >= 20 %, less
  double overlap_sum = 0;                                               ///< of the true positives

  explicit ClearMetrics(const MotSequence& sequence);
  ClearMetrics() = default;
  ClearMetrics& operator+=(const ClearMetrics& other);

  double mota() const;  ///< (right - false alarms - switches) / objects
  double motp() const;  ///< mean overlap of the true positives
  double recall() const;
  double precision() const;
};

struct IdentityMetrics {
  std::size_t true_positives = 0, false_negatives = 0, false_positives = 0;  ///< IDTP, IDFN, IDFP

  explicit IdentityMetrics(const MotSequence& sequence);
  IdentityMetrics() = default;
  IdentityMetrics& operator+=(const IdentityMetrics& other);

  double idf1() const;
  double recall() const;     ///< IDR
  double precision() const;  ///< IDP
};

/// Counts and scores for 19 thresholds of overlap, 0.05 to 0.95. What is usually quoted is the mean over them.
struct HotaMetrics {
  static constexpr std::size_t kThresholds = 19;
  using Curve = std::array<double, kThresholds>;

  Curve true_positives{}, false_negatives{}, false_positives{};
  Curve association_sum{}, association_recall_sum{}, association_precision_sum{};  ///< over the true positives
  Curve overlap_sum{};                                                             ///< over the true positives

  explicit HotaMetrics(const MotSequence& sequence);
  HotaMetrics() = default;
  HotaMetrics& operator+=(const HotaMetrics& other);

  Curve hota() const;                   ///< the geometric mean of detection and association
  Curve detection() const;              ///< DetA
  Curve detection_recall() const;       ///< DetRe
  Curve detection_precision() const;    ///< DetPr
  Curve association() const;            ///< AssA
  Curve association_recall() const;     ///< AssRe
  Curve association_precision() const;  ///< AssPr
  Curve localisation() const;           ///< LocA
};

/// The mean over the thresholds.
double mean(const HotaMetrics::Curve& curve);

}  // namespace vitral
