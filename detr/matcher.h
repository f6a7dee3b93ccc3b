/// Which query is to find which object: the assignment with the least cost (Carion et al. 2020, section 3.1).
#pragma once

#include <span>
#include <vector>

#include "detr/set_prediction.h"

namespace vitral::detr {

/// The objects of one picture.
struct Target {
  at::Tensor labels;  ///< int64 [N], class numbers
  at::Tensor boxes;   ///< fp32 [N, 4], cxcywh, 0 to 1 of the picture without its padding
};

/// Queries and the objects that they are to find, pair by pair; by rising query.
struct Match {
  at::Tensor queries, targets;  ///< int64 [min(Q, N)], on the CPU
};

struct FocalOptions {
  double alpha = 0.25, gamma = 2.0;
};

struct MatchOptions {
  bool softmax = true;  ///< class probabilities; false: a sigmoid for each class, and the cost of the focal loss
  FocalOptions focal;
  int threads = 0;  ///< that share the pictures of a batch; 0: as many as the machine has
  double class_cost = 1, box_cost = 5, giou_cost = 2;  ///< DETR's; Deformable DETR and RT-DETR: class 2
};

struct Matching {
  std::vector<Match> pictures;
  /// Pictures with a cost that was no number. Such pairs count as dearer than all others, nothing is thrown.
  std::vector<std::int64_t> not_finite;
};

/// Without gradient. Throws Error(input) where a label is no class.
Matching match(const SetPrediction& prediction, std::span<const Target> targets, const MatchOptions& options);

/// The same for several predictions (decoder layers, the encoder) of one batch, with one copy to the host for all of
/// them: on a GPU every copy waits for what was launched before.
std::vector<Matching> match(std::span<const SetPrediction> predictions, std::span<const Target> targets,
                            const MatchOptions& options);

}  // namespace vitral::detr
