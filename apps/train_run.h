/// The folder of a training run: what was asked for, so that it can go on, be repeated and be checked.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "datasets/dataset.h"
#include "train/options.h"

namespace vitral::apps {

/// What a run learns, from what; everything that a resumed run needs beside its state.
struct RunPlan {
  std::string model, weights, origin, imgsz;  ///< as on the command line, paths absolute
  std::string data, format, split, val, teacher;
  train::TrainOptions options;
};

nlohmann::ordered_json to_json(const RunPlan& plan);

/// run.json of `folder`. Throws Error(input) naming the file.
RunPlan read_plan(const std::filesystem::path& folder);

/// Writes run.json: the plan, hashes of data and weights, versions, machine.
void write_plan(const std::filesystem::path& folder, const RunPlan& plan, const nlohmann::ordered_json& facts);

/// SHA-256 over names, sizes, classes and objects of all samples, not over pixels.
std::string hash_of(const Dataset& set);

}  // namespace vitral::apps
