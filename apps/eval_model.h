/// How good a network is on a data set.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/console.h"
#include "apps/flags.h"
#include "apps/json_sink.h"
#include "datasets/metrics/coco_eval.h"

namespace vitral::apps {

struct EvalModelFlags {
  ModelFlags model;
  ComputeFlags compute;
  OutputFlags output;
  std::string data, split, plots;
  std::vector<std::string> gates;
  bool per_class = false;
};

/// What a detector's evaluation writes: `record` where JSON is asked for, the lines, the plots.
void write_report(const EvalModelFlags& flags, const nlohmann::ordered_json& record, const CocoInstances& truth,
                  std::span<const CocoResult> results, const CocoEvaluation& evaluation, JsonSink& json,
                  Console& console);

/// Classifiers and detectors on data sets of every format (datasets/readers/open.h); results on standard output as
/// `vitral eval` says.
int eval_model(const EvalModelFlags& flags, Console& console);

}  // namespace vitral::apps
