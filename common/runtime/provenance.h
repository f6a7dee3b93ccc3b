/// How a network came to know what it knows, kept in its checkpoint beside the record (native.h).
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "common/weights/checkpoint.h"

namespace vitral {

struct TrainingRecord {
  double seconds = 0;       ///< of training, evaluations left out, over all parts of a resumed run
  std::int64_t epochs = 0;  ///< of the whole run; both with those of the runs whose weights it began with
  std::string recipe;
  std::uint64_t seed = 0;
};

/// {"seconds":…,"epochs":…,"recipe":…,"seed":…}
nlohmann::ordered_json to_json(const TrainingRecord& record);

/// Adds the record to a checkpoint's metadata, under the key `vitral.training`.
void add_to(std::map<std::string, std::string>& metadata, const TrainingRecord& record);

/// The record of `checkpoint`; of one that still lies in the folder of its run, what run.json and metrics.jsonl there
/// say; nothing where there is neither. Throws Error(weights) naming the file that is malformed.
std::optional<TrainingRecord> training_record(const weights::Checkpoint& checkpoint);

}  // namespace vitral
