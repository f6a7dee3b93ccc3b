/// Learning rates as a function of the step, so that a resumed run needs no state of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vitral::train {

enum class ScheduleKind {
  constant,
  cosine,    ///< half a cosine from `lr` to `min_lr` (Loshchilov and Hutter 2017), as timm's CosineLRScheduler
  step,      ///< times `decay_rate` every `decay_steps` after the warm-up, as timm's StepLRScheduler
  onecycle,  ///< up and down in cosines (Smith and Topin 2018), as torch's OneCycleLR
};

std::string_view to_string(ScheduleKind kind);
/// Throws Error(usage) for another name.
ScheduleKind parse_schedule(const std::string& name);

/// Steps are optimiser steps, counted from 0.
struct ScheduleOptions {
  ScheduleKind kind = ScheduleKind::cosine;
  double lr = 1e-3;
  double min_lr = 0.0;
  double warmup_lr = 0.0;         ///< rate of step 0 where there is a warm-up
  std::int64_t warmup_steps = 0;  ///< rising in a line; they count as part of the schedule. Not of onecycle
  std::int64_t total_steps = 1;
  std::int64_t decay_steps = 1;                  ///< of step
  double decay_rate = 0.1;                       ///< of step
  double warm_share = 0.3;                       ///< of onecycle: the share of steps that rise
  double start_divisor = 25, end_divisor = 1e4;  ///< of onecycle: lr / start at first, lr / start / end at last
};

double learning_rate(const ScheduleOptions& options, std::int64_t step);

}  // namespace vitral::train
