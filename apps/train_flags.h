/// What `vitral train` is asked for.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/flags.h"
#include "train/options.h"

namespace vitral::apps {

struct TrainFlags {
  ConsoleFlags console;
  ModelFlags model;
  OutputFlags output;
  std::string task, data, val, split = "train", recipe, format;
  std::string device = "auto", teacher;
  std::string resume;  ///< a run folder, or nothing: that of -o
  int threads = 0;
  std::size_t workers = 2;
  bool is_resumed = false;
  // Changes to the recipe; what is not set stays as the recipe has it.
  std::optional<std::int64_t> epochs, batch, accumulate, max_steps, patience, evaluate_every, rand_augment;
  std::optional<double> lr, min_lr, warmup, weight_decay, layer_decay, backbone_lr, clip, label_smoothing, drop_path,
      dropout, crop_scale, color_jitter, erasing, mixup, cutmix, scale_jitter, mosaic, distill_share,
      distill_temperature;
  std::string optimizer, schedule, amp, distill, ema;
  std::vector<std::string> freeze;
  bool no_flip = false, checkpointing = false;

  void add(CLI::App& app);
  /// The recipe with the changes. `has_weights`: whether it starts from trained weights, which decides the recipe where
  /// none is named. `amp_of_device`: the precision where none is asked for. Throws Error(usage) for values that make no
  /// sense.
  train::TrainOptions options(Task task, bool has_weights, train::Amp amp_of_device) const;
  /// A resumed run's options, of which only what says when to stop may change.
  void extend(train::TrainOptions& options) const;
};

}  // namespace vitral::apps
