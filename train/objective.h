/// What a batch costs: the losses of classifiers and detectors behind one interface.
#pragma once

#include <memory>

#include "common/runtime/loader.h"
#include "datasets/collate.h"
#include "train/options.h"

namespace vitral::train {

class Objective {
 public:
  virtual ~Objective() = default;
  /// Named scalars whose sum is minimised. Needs the network in training mode; tensors of `batch` lie on its device.
  /// `object_count`: as in Detector::losses.
  virtual NamedTensors losses(const SampleBatch& batch, double object_count) = 0;
};

/// `teacher` may be null; it is prepared for inference on `device`, where the pictures will lie, in the precision that
/// `options` ask of the network where the processor has it, else in fp32. Throws Error(usage) where the task has no
/// teachers, or teacher and network see other pictures.
std::unique_ptr<Objective> make_objective(LoadedModel& model, const TrainOptions& options, LoadedModel* teacher,
                                          const at::Device& device = at::kCPU);

/// Cross-entropy of logits [B, K] with shares [B, K], of which `smoothing` is spread evenly over all classes (Szegedy
/// et al. 2016); the mean over the batch.
at::Tensor soft_cross_entropy(const at::Tensor& logits, const at::Tensor& shares, double smoothing);

/// What a student's logits [B, K] lack of a teacher's (Touvron et al. 2021, section 4): the soft kind is the
/// Kullback-Leibler divergence at a temperature, the hard kind the cross-entropy with the teacher's choice.
at::Tensor distillation_loss(const at::Tensor& student, const at::Tensor& teacher, Distillation kind,
                             double temperature);

}  // namespace vitral::train
