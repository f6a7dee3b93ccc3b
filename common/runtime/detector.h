/// Networks that find objects: what every family of them gives.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/runtime/model.h"

namespace vitral {

/// Raw outputs of a network by name, in the order in which `vitral forward` writes them (docs/formats.md).
using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

/// A batch of pictures of different shapes, each in the upper left corner of its [3, H, W].
struct PictureBatch {
  /// [B, 3, H, W], prepared as the network's Preprocess says, or, for LoadedModel alone, 8-bit levels [B, H, W, 3] on
  /// any device, which it normalises.
  at::Tensor images;
  at::Tensor mask;    ///< bool [B, H, W], true = padding; undefined: no picture is padded
};

/// The objects of one picture, to learn from.
struct ObjectTensors {
  at::Tensor labels;      ///< int64 [N], class numbers of the network
  at::Tensor boxes;       ///< fp32 [N, 4], xyxy in pixels of the input
  at::Tensor normalised;  ///< fp32 [N, 4], cxcywh, 0 to 1 of the picture without its padding
};

struct DetectOptions {
  double min_score = 0.5;             ///< detections below it are left out
  std::int64_t max_detections = 300;  ///< of one picture, the best ones
  /// IoU above which the weaker of two boxes of one class goes; unset: what the origin does (set prediction: nothing).
  std::optional<double> nms;
};

/// What was found in one picture, best first.
struct Detections {
  at::Tensor boxes;    ///< fp32 [N, 4], xyxy in pixels of the input tensor
  at::Tensor scores;   ///< fp32 [N], 0 to 1
  at::Tensor labels;   ///< int64 [N], the network's class numbers
  at::Tensor queries;  ///< int64 [N], the object query behind each; undefined where the network has none
};

class Detector : public Network {
 public:
  /// The outputs that the origin's own code calls the model's (set prediction: `logits` [B, Q, K'], `boxes` [B, Q, 4]
  /// normalised cxcywh).
  virtual NamedTensors forward(const PictureBatch& batch) = 0;
  /// The final detections of each picture from a batch and its raw outputs, with the origin's own postprocessing.
  virtual std::vector<Detections> detections(const PictureBatch& batch, const NamedTensors& raw,
                                             const DetectOptions& options) const = 0;
  /// The part of a run that is the same work for all pictures of a shape, so that a GPU may record it and play it back:
  /// tensors on the batch's device whose shapes follow from the batch's. Of networks that end in suppression (Faster
  /// R-CNN, YOLOX) it is what comes before that.
  virtual NamedTensors compute(const PictureBatch& batch) { return forward(batch); }
  /// forward() from what compute() gave for the batch.
  virtual NamedTensors outputs_of(const PictureBatch&, const NamedTensors& computed) { return computed; }
  /// The detections from what compute() gave for the batch. Networks whose outputs are final detections override it:
  /// what their `forward` has left out, options that ask for more cannot bring back.
  virtual std::vector<Detections> detect_from(const PictureBatch& batch, const NamedTensors& computed,
                                              const DetectOptions& options) {
    return detections(batch, computed, options);
  }
  std::vector<Detections> detect(const PictureBatch& batch, const DetectOptions& options) {
    return detect_from(batch, compute(batch), options);
  }
  /// What training minimises, by name: weighted scalars whose sum is the loss of the batch. Needs training mode. One of
  /// `objects` a picture. `object_count`: objects of the whole batch, of all processes, per process, where a loss is
  /// divided by it; 0: those of `objects`. Throws Error(usage) for a network that can't be trained.
  virtual NamedTensors losses(const PictureBatch& batch, std::span<const ObjectTensors> objects, double object_count);
  /// Of the network's class numbers the first that stands for something; Faster R-CNN's 0 is the background.
  virtual std::int64_t first_class() const { return 0; }
};

/// Height and width of the part of a picture that is no padding. mask: bool [H, W], true = padding.
std::array<std::int64_t, 2> content_size(const at::Tensor& mask);

}  // namespace vitral
