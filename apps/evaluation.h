/// A network's answers on a data set, and what they are worth.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/console.h"
#include "common/runtime/loader.h"
#include "datasets/dataset.h"
#include "datasets/metrics/classification.h"
#include "datasets/metrics/coco_eval.h"

namespace vitral::apps {

struct EvaluationOptions {
  std::string data;  ///< what the set is called in errors
  std::int64_t batch = 1;
  bool strict = false;  ///< the first unreadable picture ends it
};

struct ClassifierEvaluation {
  ClassificationMetrics metrics;
  nlohmann::ordered_json skipped;  ///< pictures that can't be read: {"source", "error"} each
};

struct DetectorEvaluation {
  CocoInstances truth;
  std::vector<CocoResult> results;
  CocoEvaluation evaluation;
  nlohmann::ordered_json skipped;
};

/// `model` is prepared, of three channels, and of the set's task. Unreadable pictures are named and left out. Throws
/// Error(input) where none can be read, or the set and the model share no class.
ClassifierEvaluation evaluate_classifier(const LoadedModel& model, const Dataset& set, const EvaluationOptions& options,
                                         Console& console);
DetectorEvaluation evaluate_detector(const LoadedModel& model, const Dataset& set, const EvaluationOptions& options,
                                     Console& console);

}  // namespace vitral::apps
