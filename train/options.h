/// Everything that decides how a network is trained: values only, written into every run.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/task.h"
#include "train/optimizer.h"
#include "train/schedule.h"

namespace vitral::train {

/// In which precision layers compute; weights and moments stay in fp32.
enum class Amp { off, bf16, fp16 };
enum class Distillation { none, soft, hard };

std::string_view to_string(Amp amp);
std::string_view to_string(Distillation kind);
/// Throw Error(usage) for another name.
Amp parse_amp(const std::string& name);
Distillation parse_distillation(const std::string& name);

/// How much pictures are changed. What a detector's pictures go through also follows its Preprocess.
struct AugmentOptions {
  double crop_scale = 0.08;          ///< least share of the area that a random crop keeps; 1: no crops (classification)
  double crop_ratio = 4.0 / 3;       ///< most width through height of such a crop, and the reverse
  bool flip = true;                  ///< left to right, half of the pictures
  double color_jitter = 0.0;         ///< brightness, contrast, saturation
  int rand_augment = 0;              ///< magnitude of RandAugment, 0: none (classification)
  double erasing = 0.0;              ///< probability of random erasing (classification)
  double mixup = 0.0, cutmix = 0.0;  ///< alpha (classification)
  double scale_jitter = 0.0;         ///< pictures are scaled by 1 - x to 1 + x (detection)
  double mosaic = 0.0;               ///< probability of four pictures in one (detection)
  bool operator==(const AugmentOptions&) const = default;
};

struct TrainOptions {
  std::string recipe = "small";
  std::int64_t epochs = 100;
  std::int64_t batch = 64;  ///< pictures a step and process, before accumulation
  std::int64_t accumulate = 1;
  std::int64_t max_steps = 0;  ///< stops after that many optimiser steps; 0: after the epochs. The schedule stays
  std::uint64_t seed = 0;
  OptimizerOptions optimizer;
  ScheduleOptions schedule;  ///< its steps are filled in from the epochs
  double warmup_epochs = 0;  ///< as a share of epochs may be fractional
  double decay_epochs = 30;  ///< of the step schedule
  GroupRules groups;
  double clip = 0;  ///< norm of all gradients at most, 0: not limited
  double ema = 0;   ///< decay of the average, 0: none
  Amp amp = Amp::off;
  double label_smoothing = 0;
  double drop_path = 0, dropout = 0;
  Distillation distillation = Distillation::none;
  double distillation_share = 0.5;        ///< of the loss
  double distillation_temperature = 3.0;  ///< of the soft kind
  AugmentOptions augment;
  std::int64_t patience = 0;         ///< epochs without a better result before it stops; 0: never
  std::int64_t evaluate_every = 1;   ///< epochs
  std::int64_t most_bad_steps = 10;  ///< steps in a row without a finite loss before it stops with an error
};

/// Every field, for run.json; and back. The second throws Error(input, subject, …) naming the field.
nlohmann::ordered_json to_json(const TrainOptions& options);
TrainOptions train_options_from_json(const nlohmann::ordered_json& json, const std::string& subject);

/// The settings that a recipe stands for: "small" (from nothing, on little data), or a paper's: "deit", "swin",
/// "resnet" for classifiers, "detr", "deformable_detr", "rtdetr", "faster_rcnn", "yolox" for detectors, "finetune".
/// Throws Error(usage) naming the known ones, or for a recipe of the other task.
TrainOptions recipe(const std::string& name, Task task);
std::vector<std::string> recipe_names(Task task);

}  // namespace vitral::train
