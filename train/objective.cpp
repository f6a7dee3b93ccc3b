#include "train/objective.h"

#include <ATen/core/Reduction.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/kl_div.h>
#include <ATen/ops/log_softmax.h>

#include "common/core/error.h"
#include "common/nn/onednn.h"
#include "train/autocast.h"

namespace vitral::train {
namespace {

class ClassificationObjective final : public Objective {
 public:
  ClassificationObjective(Classifier& network, const TrainOptions& options, const LoadedModel* teacher)
      : network_(network), options_(options), teacher_(teacher) {}

  NamedTensors losses(const SampleBatch& batch, double) override {
    const auto outputs = network_.forward(batch.images).to(at::kFloat);  // [B, K], distilled [B, 2, K]
    const bool two_heads = outputs.dim() == 3;
    const auto logits = two_heads ? outputs.select(1, 0) : outputs;
    const auto own = soft_cross_entropy(logits, batch.shares, options_.label_smoothing);
    if (teacher_ == nullptr) {
      if (!two_heads) return {{"loss_class", own}};
      const auto second = soft_cross_entropy(outputs.select(1, 1), batch.shares, options_.label_smoothing);
      return {{"loss_class", own / 2}, {"loss_second_head", second / 2}};
    }
    const auto taught = distillation_loss(two_heads ? outputs.select(1, 1) : logits, judgement(batch.images),
                                          options_.distillation, options_.distillation_temperature);
    const double share = options_.distillation_share;
    return {{"loss_class", (1 - share) * own}, {"loss_teacher", share * taught}};
  }

 private:
  /// What the teacher says of the pictures: logits [B, K] where these lie. Its layers were packed for one precision and
  /// need nobody to pick another.
  at::Tensor judgement(const at::Tensor& images) const {
    const Autocast plain(images.device(), Amp::off);
    return teacher_->logits(images).clone().to(images.device());
  }

  Classifier& network_;
  const TrainOptions& options_;
  const LoadedModel* teacher_;
};

class DetectionObjective final : public Objective {
 public:
  explicit DetectionObjective(Detector& network) : network_(network) {}

  NamedTensors losses(const SampleBatch& batch, double object_count) override {
    auto objects = batch.objects;
    for (auto& each : objects) each.labels = each.labels + network_.first_class();
    // A mask that has come to a GPU hides something (to_device); asking would make the host wait.
    const bool padded = batch.mask.defined() && (!batch.mask.is_cpu() || batch.mask.any().item<bool>());
    return network_.losses({batch.images, padded ? batch.mask : at::Tensor()}, objects, object_count);
  }

 private:
  Detector& network_;
};

nn::Precision teaching_precision(Amp amp, const at::Device& device) {
  const auto precision = amp == Amp::bf16   ? nn::Precision::bf16
                         : amp == Amp::fp16 ? nn::Precision::fp16
                                            : nn::Precision::fp32;
  return device.is_cuda() || nn::onednn::usable(nn::scalar_type(precision)) ? precision : nn::Precision::fp32;
}

}  // namespace

at::Tensor soft_cross_entropy(const at::Tensor& logits, const at::Tensor& shares, double smoothing) {
  const auto wanted = shares * (1 - smoothing) + smoothing / static_cast<double>(logits.size(1));
  return -(wanted * at::log_softmax(logits, 1)).sum(1).mean();
}

at::Tensor distillation_loss(const at::Tensor& student, const at::Tensor& teacher, Distillation kind,
                             double temperature) {
  if (kind == Distillation::hard) return at::cross_entropy_loss(student, teacher.argmax(1));
  const auto mine = at::log_softmax(student / temperature, 1), theirs = at::log_softmax(teacher / temperature, 1);
  return at::kl_div(mine, theirs, at::Reduction::Sum, /*log_target=*/true) * (temperature * temperature) /
         static_cast<double>(student.numel());
}

std::unique_ptr<Objective> make_objective(LoadedModel& model, const TrainOptions& options, LoadedModel* teacher,
                                          const at::Device& device) {
  if (model.entry->task == Task::detect) {
    if (teacher != nullptr) throw Error(ErrorKind::usage, "--teacher", "detectors learn from no teacher");
    return std::make_unique<DetectionObjective>(model.detector());
  }
  if (teacher != nullptr) {
    const auto& mine = model.record;
    const auto& theirs = teacher->record;
    if (theirs.num_classes != mine.num_classes) {
      throw Error(
          ErrorKind::usage, "--teacher",
          "knows " + std::to_string(theirs.num_classes) + " classes, the data has " + std::to_string(mine.num_classes));
    }
    if (theirs.preprocess.mean != mine.preprocess.mean || theirs.preprocess.std != mine.preprocess.std) {
      throw Error(ErrorKind::usage, "--teacher", "sees pictures of another normalisation than the student");
    }
    teacher->prepare(device, teaching_precision(options.amp, device));
  }
  return std::make_unique<ClassificationObjective>(model.classifier(), options, teacher);
}

}  // namespace vitral::train
