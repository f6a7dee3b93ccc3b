/// What YOLOX learns from: SimOTA (Ge et al. 2021, YOLOX, section 2.1) gives each object as many anchors as fit it
/// well.
#pragma once

#include "cnn/region_losses.h"
#include "cnn/yolox.h"

namespace vitral::cnn {

/// All anchors of one picture, before any sigmoid.
struct AnchorOutputs {
  at::Tensor boxes;       ///< fp32 [A, 4], centre and size in pixels
  at::Tensor objectness;  ///< fp32 [A], logits
  at::Tensor classes;     ///< fp32 [A, K], logits
};

/// Which anchors are positive, and for what.
struct AnchorMatches {
  at::Tensor anchors;   ///< int64 [P], rising
  at::Tensor objects;   ///< int64 [P]
  at::Tensor overlaps;  ///< fp32 [P], intersection over union of the anchor's box and the object
};

/// objects: boxes xyxy in pixels, classes from 0 on. Candidates are the anchors within 1.5 cells of an object's centre;
/// the cost of a pair is that of the classes and three times that of the box. An object takes as many of its cheapest
/// candidates as the ten best overlaps add up to, at least one; an anchor goes to the cheapest of its objects.
AnchorMatches simota(const AnchorOutputs& outputs, const YoloxGrid& grid, const Objects& objects);

struct YoloxLossOptions {
  bool l1 = false;  ///< also the distance of the box outputs (Megvii: in the last epochs, without mosaics)
};

/// `iou_loss` (five times 1 - IoU^2), `conf_loss`, `cls_loss`, `l1_loss`: sums over the batch by its positive anchors.
/// raw: what forward_head gives. Their sum is minimised.
NamedTensors yolox_losses(YoloxImpl& network, const YoloxMaps& raw, const std::vector<Objects>& objects,
                          const YoloxLossOptions& options = {});

}  // namespace vitral::cnn
