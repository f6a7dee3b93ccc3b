/// What object queries predict, and the detections that are read from it.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "common/runtime/detector.h"

namespace vitral::detr {

/// Classes and boxes of a set of object queries.
struct SetPrediction {
  at::Tensor logits;  ///< [B, Q, K'] as the origin gives them
  at::Tensor boxes;   ///< fp32 [B, Q, 4], cxcywh, 0 to 1 of each picture without its padding
};

/// As `Detector::forward` gives it, and back.
NamedTensors named(const SetPrediction& prediction);
SetPrediction prediction_of(const NamedTensors& raw);

/// DETR: a softmax over the classes and "no object", the last one; each query is one detection of its best class
/// (facebookresearch/detr, PostProcess).
std::vector<Detections> softmax_detections(const PictureBatch& batch, const SetPrediction& prediction,
                                           const DetectOptions& options);

/// Deformable DETR and RT-DETR: a sigmoid for each class; the best `most` pairs of query and class are the detections,
/// so one query may give several (fundamentalvision/Deformable-DETR and lyuwenyu/RT-DETR, PostProcess).
std::vector<Detections> sigmoid_detections(const PictureBatch& batch, const SetPrediction& prediction,
                                           const DetectOptions& options, std::int64_t most);

}  // namespace vitral::detr
