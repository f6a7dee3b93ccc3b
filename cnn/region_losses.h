/// What Faster R-CNN learns from (Ren et al. 2015, section 3.1.2; Girshick 2015, section 2.3), as torchvision computes
/// it: anchors and regions are matched with the objects, a sample of them is scored.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <optional>
#include <span>
#include <vector>

#include "cnn/faster_rcnn.h"

namespace vitral::cnn {

/// The objects of one picture.
struct Objects {
  at::Tensor boxes;   ///< fp32 [G, 4], xyxy in pixels of the input
  at::Tensor labels;  ///< int64 [G], class numbers (Faster R-CNN: from 1 on)
};

std::vector<Objects> objects_of(std::span<const ObjectTensors> objects);

/// Intersection over union of each pair: a [N, 4], b [M, 4], xyxy -> [N, M].
at::Tensor pairwise_iou(const at::Tensor& a, const at::Tensor& b);

struct MatchOptions {
  double high, low;   ///< an overlap of at least `high` matches, below `low` it is background, between neither
  bool every_object;  ///< each object also takes its best candidates, however little they overlap
};
constexpr std::int64_t kBackground = -1, kBetween = -2;

/// overlaps [G, N] -> int64 [N]: the object of each candidate, kBackground or kBetween.
at::Tensor match(const at::Tensor& overlaps, const MatchOptions& options);

struct SampleOptions {
  std::int64_t count;  ///< candidates of a picture
  double positive;     ///< share of positive ones at most
};

/// labels [N]: above 0 positive, 0 background, below 0 left out. -> int64 places {positive, negative}, each rising.
std::pair<at::Tensor, at::Tensor> sample(const at::Tensor& labels, const SampleOptions& options,
                                         std::optional<at::Generator> generator);

struct RegionLossOptions {
  MatchOptions rpn_match{0.7, 0.3, true};
  SampleOptions rpn_sample{256, 0.5};
  MatchOptions roi_match{0.5, 0.5, false};
  SampleOptions roi_sample{512, 0.25};
  std::optional<at::Generator> generator;  ///< of the samples; none: LibTorch's own
};

struct RpnLoss {
  at::Tensor objectness;  ///< mean binary cross-entropy of the sampled anchors
  at::Tensor boxes;       ///< smooth L1 of the positive ones, by all sampled
};
RpnLoss rpn_loss(const AnchorPredictions& predictions, const at::Tensor& anchors, const std::vector<Objects>& objects,
                 const RegionLossOptions& options);

/// Regions to learn from, with what they should be called and where the box should be.
struct RegionTargets {
  std::vector<at::Tensor> regions;  ///< of each picture, [N, 4]
  at::Tensor labels;                ///< int64 [R], all pictures
  at::Tensor codes;                 ///< [R, 4]
};
/// A sample of the proposals and of the objects themselves.
RegionTargets select_regions(const std::vector<at::Tensor>& proposals, const std::vector<Objects>& objects,
                             const RegionLossOptions& options);

struct RoiLoss {
  at::Tensor classes;  ///< mean cross-entropy
  at::Tensor boxes;    ///< smooth L1 of the objects' class, by all regions
};
RoiLoss roi_loss(const RegionPredictions& predictions, const RegionTargets& targets);

/// All four for a batch: `loss_objectness`, `loss_rpn_box_reg`, `loss_classifier`, `loss_box_reg`; their sum is
/// minimised. Training takes 2000 proposals before and after suppression: the network's own options say how many.
NamedTensors faster_rcnn_losses(FasterRcnnImpl& network, const PictureBatch& batch, const std::vector<Objects>& objects,
                                const RegionLossOptions& options = {});

}  // namespace vitral::cnn
