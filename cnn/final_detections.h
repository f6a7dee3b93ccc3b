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

}  // namespace vitral::cnn
