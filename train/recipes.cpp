#include <algorithm>
#include <map>

#include "common/core/error.h"
#include "common/core/text.h"
#include "train/options.h"

namespace vitral::train {
namespace {

/// From nothing, on tens of thousands of small pictures, within an hour or so on a few cores.
TrainOptions small() {
  TrainOptions o;
  o.epochs = 20;
  o.batch = 64;
  o.schedule.lr = 1e-3;
  o.schedule.min_lr = 1e-6;
  o.schedule.warmup_lr = 1e-6;
  o.warmup_epochs = 1;
  o.groups.weight_decay = 0.05;
  o.clip = 1.0;
  o.ema = 0.999;
  return o;
}

TrainOptions small_classify() {
  auto o = small();
  o.label_smoothing = 0.1;
  o.augment.crop_scale = 0.7;
  o.augment.crop_ratio = 1.15;
  return o;
}

TrainOptions small_detect() {
  auto o = small();
  o.batch = 16;
  o.clip = 0.1;
  o.groups.weight_decay = 1e-4;
  o.augment.scale_jitter = 0.25;
  return o;
}

/// Touvron et al. 2021, table 9.
TrainOptions deit() {
  TrainOptions o;
  o.epochs = 300;
  o.batch = 1024;
  o.schedule.lr = 1e-3;
  o.schedule.min_lr = 1e-5;
  o.schedule.warmup_lr = 1e-6;
  o.warmup_epochs = 5;
  o.groups.weight_decay = 0.05;
  o.label_smoothing = 0.1;
  o.drop_path = 0.1;
  o.augment.rand_augment = 9;
  o.augment.erasing = 0.25;
  o.augment.mixup = 0.8;
  o.augment.cutmix = 1.0;
  return o;
}

/// Liu et al. 2021, appendix A2.1 (Swin-T).
TrainOptions swin() {
  auto o = deit();
  o.warmup_epochs = 20;
  o.drop_path = 0.2;
  o.clip = 5.0;
  return o;
}

/// He et al. 2016, section 3.4, with the cosine of He et al. 2019.
TrainOptions resnet() {
  TrainOptions o;
  o.epochs = 90;
  o.batch = 256;
  o.optimizer.kind = OptimizerKind::sgd;
  o.schedule.lr = 0.1;
  o.warmup_epochs = 5;
  o.groups.weight_decay = 1e-4;
  o.augment.color_jitter = 0.4;
  return o;
}

/// Published weights on other classes.
TrainOptions finetune(Task task) {
  TrainOptions o;
  o.epochs = 20;
  o.batch = task == Task::classify ? 32 : 4;
  o.schedule.lr = 1e-4;
  o.schedule.min_lr = 1e-6;
  o.warmup_epochs = 1;
  o.groups.weight_decay = task == Task::classify ? 0.05 : 1e-4;
  o.groups.layer_decay = task == Task::classify ? 0.75 : 1.0;
  o.groups.backbone_lr = task == Task::classify ? 1.0 : 0.1;
  o.clip = task == Task::classify ? 1.0 : 0.1;
  o.label_smoothing = task == Task::classify ? 0.1 : 0.0;
  o.augment.crop_scale = 0.5;
  return o;
}

/// Carion et al. 2020, section 4 (the shorter schedule).
TrainOptions detr() {
  TrainOptions o;
  o.epochs = 300;
  o.batch = 16;
  o.schedule.kind = ScheduleKind::step;
  o.schedule.lr = 1e-4;
  o.decay_epochs = 200;
  o.groups.weight_decay = 1e-4;
  o.groups.backbone_lr = 0.1;
  o.clip = 0.1;
  o.dropout = 0.1;
  return o;
}

/// Zhu et al. 2021, section 5.
TrainOptions deformable_detr() {
  auto o = detr();
  o.epochs = 50;
  o.batch = 32;
  o.schedule.lr = 2e-4;
  o.decay_epochs = 40;
  return o;
}

/// Zhao et al. 2024, section 5.1.
TrainOptions rtdetr() {
  TrainOptions o;
  o.epochs = 72;
  o.batch = 16;
  o.schedule.kind = ScheduleKind::constant;
  o.schedule.lr = 1e-4;
  o.warmup_epochs = 0.25;  // 2,000 steps on COCO
  o.groups.weight_decay = 1e-4;
  o.groups.backbone_lr = 0.1;
  o.clip = 0.1;
  o.ema = 0.9999;
  o.augment.color_jitter = 0.2;
  o.augment.scale_jitter = 0.3;
  return o;
}

/// torchvision's reference training of fasterrcnn_resnet50_fpn.
TrainOptions faster_rcnn() {
  TrainOptions o;
  o.epochs = 26;
  o.batch = 16;
  o.optimizer.kind = OptimizerKind::sgd;
  o.optimizer.nesterov = false;
  o.schedule.kind = ScheduleKind::step;
  o.schedule.lr = 0.02;
  o.warmup_epochs = 0.13;  // 1,000 steps on COCO
  o.decay_epochs = 16;
  o.groups.weight_decay = 1e-4;
  return o;
}

/// Ge et al. 2021, section 2.1.
TrainOptions yolox() {
  TrainOptions o;
  o.epochs = 300;
  o.batch = 64;
  o.optimizer.kind = OptimizerKind::sgd;
  o.schedule.lr = 0.01;
  o.schedule.min_lr = 0.0005;
  o.warmup_epochs = 5;
  o.groups.weight_decay = 5e-4;
  o.ema = 0.9998;
  o.augment.color_jitter = 0.3;
  o.augment.scale_jitter = 0.5;
  o.augment.mosaic = 1.0;
  return o;
}

using Recipes = std::map<std::string, TrainOptions>;

Recipes recipes(Task task) {
  if (task == Task::classify) {
    return {{"small", small_classify()},
            {"deit", deit()},
            {"swin", swin()},
            {"resnet", resnet()},
            {"finetune", finetune(task)}};
  }
  return {{"small", small_detect()},
          {"detr", detr()},
          {"deformable_detr", deformable_detr()},
          {"rtdetr", rtdetr()},
          {"faster_rcnn", faster_rcnn()},
          {"yolox", yolox()},
          {"finetune", finetune(task)}};
}

}  // namespace

std::vector<std::string> recipe_names(Task task) {
  std::vector<std::string> names;
  for (const auto& [name, options] : recipes(task)) names.push_back(name);
  return names;
}

TrainOptions recipe(const std::string& name, Task task) {
  const auto all = recipes(task);
  const auto found = all.find(name);
  if (found == all.end()) {
    throw Error(ErrorKind::usage, "--recipe",
                "'" + printable(name, 50) + "' is unknown, there are " + join(recipe_names(task)));
  }
  auto options = found->second;
  options.recipe = name;
  return options;
}

}  // namespace vitral::train
