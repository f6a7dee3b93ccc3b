/// Which category was taken for which: the confusion matrix of a detector.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "datasets/coco.h"

namespace vitral {

struct CocoConfusionOptions {
  double min_score = 0.25;  ///< weaker detections are left out
  double min_iou = 0.5;     ///< a detection and an object belong together from this overlap on
};

struct CocoConfusion {
  std::vector<CocoCategory> categories;  ///< by rising id; K of them
  /// [K + 1, K + 1]: rows are what is there, columns what was detected; the last ones stand for nothing (a missed
  /// object, a detection of nothing).
  std::vector<std::size_t> counts;
  std::size_t at(std::size_t truth, std::size_t detected) const {
    return counts[truth * (categories.size() + 1) + detected];
  }
};

/// In each picture pairs of a detection and an object are made by falling overlap, whatever their categories, each
/// once. Detections that lie in a crowd by more than `min_iou` of their own area count nowhere, nor do unknown ids.
CocoConfusion coco_confusion(const CocoInstances& truth, std::span<const CocoResult> results,
                             const CocoConfusionOptions& options = {});

}  // namespace vitral
