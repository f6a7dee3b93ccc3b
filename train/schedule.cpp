#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "common/core/error.h"
#include "common/core/text.h"

namespace vitral::train {
namespace {

/// From `from` at 0 to `to` at 1 along half a cosine.
double along_cosine(double from, double to, double share) {
  return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * share));
}

double one_cycle(const ScheduleOptions& o, std::int64_t step) {
  const double start = o.lr / o.start_divisor, end = start / o.end_divisor;
  const double peak = o.warm_share * static_cast<double>(o.total_steps) - 1;
  const double last = static_cast<double>(o.total_steps) - 1, at = std::min(static_cast<double>(step), last);
  if (at <= peak) return along_cosine(start, o.lr, at / peak);
  return along_cosine(o.lr, end, (at - peak) / (last - peak));
}

}  // namespace

std::string_view to_string(ScheduleKind kind) {
  switch (kind) {
    case ScheduleKind::constant:
      return "constant";
    case ScheduleKind::step:
      return "step";
    case ScheduleKind::onecycle:
      return "onecycle";
    case ScheduleKind::cosine:
      break;
  }
  return "cosine";
}

ScheduleKind parse_schedule(const std::string& name) {
  for (const auto kind : {ScheduleKind::constant, ScheduleKind::cosine, ScheduleKind::step, ScheduleKind::onecycle}) {
    if (to_string(kind) == name) return kind;
  }
  throw Error(ErrorKind::usage, "--schedule",
              "'" + printable(name, 50) + "' is none of constant, cosine, step, onecycle");
}

double learning_rate(const ScheduleOptions& o, std::int64_t step) {
  if (o.kind == ScheduleKind::onecycle) return one_cycle(o, step);
  if (step < o.warmup_steps) {
    return o.warmup_lr + static_cast<double>(step) * (o.lr - o.warmup_lr) / static_cast<double>(o.warmup_steps);
  }
  switch (o.kind) {
    case ScheduleKind::cosine:
      if (step >= o.total_steps) return o.min_lr;
      return along_cosine(o.lr, o.min_lr, static_cast<double>(step) / static_cast<double>(o.total_steps));
    case ScheduleKind::step:
      return o.lr * std::pow(o.decay_rate,
                             static_cast<double>((step - o.warmup_steps) / std::max<std::int64_t>(o.decay_steps, 1)));
    default:
      return o.lr;
  }
}

}  // namespace vitral::train
