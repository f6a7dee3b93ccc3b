/// How far a set of predictions is from the objects of its pictures.
#pragma once

#include "detr/matcher.h"

namespace vitral::detr {

enum class ClassLoss {
  cross_entropy,  ///< DETR: over the classes and "no object"
  focal,          ///< Deformable DETR: a sigmoid for each class (Lin et al. 2017)
  varifocal,      ///< RT-DETR: the same, an object's target is the IoU that its query reaches (Zhang et al. 2021)
};

struct CriterionOptions {
  ClassLoss class_loss = ClassLoss::cross_entropy;
  double no_object_weight = 0.1;  ///< of cross_entropy
  FocalOptions focal;             ///< of focal and varifocal; RT-DETR: alpha 0.75
  double class_weight = 1, box_weight = 5, giou_weight = 2;
  MatchOptions match;
};

/// The published settings.
CriterionOptions detr_criterion();
CriterionOptions deformable_detr_criterion();
CriterionOptions rtdetr_criterion();

/// The parts, not weighted yet, of one prediction.
struct SetLoss {
  at::Tensor classes, boxes, giou;  ///< scalars
};

struct CriterionResult {
  at::Tensor total;                      ///< the weighted sum over all predictions, to be differentiated
  std::vector<SetLoss> layers;           ///< one for each prediction
  std::vector<std::int64_t> not_finite;  ///< pictures that had costs which were no numbers
};

/// Each of `predictions` (decoder layers, the encoder) is matched by itself; all count alike. `object_count`: objects
/// of the whole batch, of all processes, per process; 0: those of `targets`. Losses are divided by it, at least by 1.
CriterionResult set_criterion(std::span<const SetPrediction> predictions, std::span<const Target> targets,
                              const CriterionOptions& options, double object_count = 0);

/// The weighted parts, each summed over all predictions: `loss_class`, `loss_box`, `loss_giou`. Their sum is `total`.
NamedTensors parts_of(const CriterionResult& result, const CriterionOptions& options);

/// What a set of object queries is to find.
std::vector<Target> targets_of(std::span<const ObjectTensors> objects);

}  // namespace vitral::detr
