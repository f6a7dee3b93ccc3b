/// Detectors whose outputs are their final detections: the two forms of these, and what a run leaves of them.
#pragma once

#include <span>
#include <vector>

#include "common/runtime/detector.h"

namespace vitral::cnn {

/// {boxes fp32 [N, 4], scores fp32 [N], labels int64 [N], image_index int64 [N]} of all pictures, one after another.
NamedTensors to_tensors(std::span<const Detections> pictures);

/// Back to `count` pictures. Throws Error(failed) for tensors of other names.
std::vector<Detections> to_detections(const NamedTensors& tensors, std::int64_t count);

/// What the options of a run leave of one picture's detections, which are in falling order of scores. `nms` is applied
/// where it is set: to boxes that another threshold has thinned out, it can only take away more.
Detections best_of(const Detections& detections, const DetectOptions& wanted);

/// Where a detector cuts: detections with a lower score, and the weaker of two boxes of one class that overlap by more.
struct Thresholds {
  double min_score;
  double nms;  ///< IoU
};

/// A detector whose network ends in suppression, so that other thresholds mean another search.
class FinalDetector : public Detector {
 public:
  /// `boxes`, `scores`, `labels`, `image_index` at the origin's thresholds, see to_tensors().
  NamedTensors forward(const PictureBatch& batch) override;
  std::vector<Detections> detections(const PictureBatch& batch, const NamedTensors& raw,
                                     const DetectOptions& wanted) const override;
  NamedTensors compute(const PictureBatch& batch) override = 0;
  NamedTensors outputs_of(const PictureBatch& batch, const NamedTensors& computed) override;
  std::vector<Detections> detect_from(const PictureBatch& batch, const NamedTensors& computed,
                                      const DetectOptions& wanted) override;

 protected:
  /// What the origin's own evaluation takes.
  virtual Thresholds thresholds() const = 0;
  /// What is in each picture, best first, from what compute() gave.
  virtual std::vector<Detections> find(const PictureBatch& batch, const NamedTensors& computed,
                                       const Thresholds& thresholds) = 0;
};

}  // namespace vitral::cnn
