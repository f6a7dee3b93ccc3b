/// All that a run needs to go on as if it had never stopped, in one file that is replaced whole.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "common/weights/state_dict.h"
#include "datasets/loader.h"

namespace vitral::train {

/// Sums over the steps of an epoch.
struct Meters {
  std::vector<std::pair<std::string, double>> sums;  ///< by loss, of steps that counted
  double total = 0;
  double gradient_norm = 0;
  std::int64_t steps = 0, pictures = 0, bad_steps = 0, bad_pictures = 0;
  double seconds = 0;
};

struct RunState {
  LoaderPosition position;
  std::int64_t step = 0;        ///< optimiser steps that were taken
  std::int64_t bad_in_row = 0;  ///< steps without a finite loss, up to now
  double best = -1;             ///< score; below 0: none yet
  std::int64_t best_epoch = -1;
  Meters meters;         ///< of the epoch that is under way
  double scale = 65536;  ///< of the loss, with fp16
  std::int64_t good_steps = 0;
  std::vector<std::string> history;  ///< the lines of metrics.jsonl, one an epoch
};

nlohmann::ordered_json to_json(const RunState& state);
/// Throws Error(weights, subject, …) naming the field that is missing or of another type.
RunState run_state_from_json(const nlohmann::json& json, const std::string& subject);

/// Tensors in sections ("model", "average", "optimizer", "random") and the state beside them. Written under a temporary
/// name, made durable, then renamed: the previous file is there until this one is.
void save_state(const std::filesystem::path& path, const std::map<std::string, weights::StateDict>& sections,
                const RunState& state);

struct StoredState {
  std::map<std::string, weights::StateDict> sections;  ///< copies
  RunState state;
};
/// Throws Error(weights) naming the file.
StoredState load_state(const std::filesystem::path& path);

}  // namespace vitral::train
