/// The way from a picture's file to its result, stage by stage.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/runtime/loader.h"

namespace vitral::apps {

/// Takes all pictures of `inputs` that way, in batches as the program's runs do, twice: the first time warms up.
/// Threads read, decode and preprocess ahead while the network computes.
/// -> {"pictures", "batch", "decoders": those threads, "images_per_s", "p50_ms": {"decode", "preprocess", "forward",
/// "postprocess"} of a picture, "capacity": {"input", "network"}: pictures a second that either side could do by
/// itself, "limited_by": the smaller one}. Throws Error(input) for a picture that can't be read.
nlohmann::ordered_json end_to_end(const LoadedModel& model, const std::vector<std::string>& inputs, std::int64_t batch);

}  // namespace vitral::apps
