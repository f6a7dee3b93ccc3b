/// What an evaluation found: text, JSON, plots and quality gates.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/console.h"
#include "datasets/metrics/classification.h"
#include "datasets/metrics/coco_eval.h"

namespace vitral::apps {

/// "--fail-under map=0.40": the metric has to reach the bound. "--fail-over p99=30": it may not be above it.
struct Gate {
  std::string metric;  ///< lower case
  double bound = 0;    ///< finite
};

/// Parses NAME=VALUE, as `flag` was given them; `known` are the metrics that there are, lower case. Throws Error(usage).
std::vector<Gate> parse_gates(const std::vector<std::string>& texts, const std::vector<std::string>& known,
                              const char* flag = "--fail-under");

/// Throws Error(gate) that names every metric below its gate.
void check_gates(const std::vector<Gate>& gates, const std::map<std::string, double>& metrics);

/// Whose results name what the ground truth does not have: {"results.json", "image", "instances.json"}, printable.
struct Unknown {
  std::string results, noun, truth;
};
/// Names the ids (up to five of them) in a warning. Throws Error(input) where `strict` is on.
void report_unknown(const std::map<std::int64_t, std::size_t>& ids, const Unknown& what, bool strict, Console& console);

/// The names that gates may have; map, map50 and map75 stand for ap, ap50 and ap75.
std::vector<std::string> detection_metric_names();
std::vector<std::string> classification_metric_names();
std::map<std::string, double> metrics_of(const CocoEvaluation& evaluation);
std::map<std::string, double> metrics_of(const ClassificationMetrics& metrics);

/// The records of docs/guide.md, schema vitral.eval/1.
nlohmann::ordered_json eval_json(const CocoEvaluation& evaluation);

/// A line a category: AP, objects, name.
std::string per_class_text(const CocoEvaluation& evaluation);

/// The files of --plots: precision-recall curves (detection only) and the confusion matrix, each as SVG and CSV.
std::vector<std::string> plot_files(bool detection);
/// Writes them into `folder`; what was written.
std::vector<std::string> write_plots(const std::string& folder, bool overwrite, const CocoInstances& truth,
                                     std::span<const CocoResult> results, const CocoEvaluation& evaluation);
std::vector<std::string> write_plots(const std::string& folder, bool overwrite, const ClassificationMetrics& metrics,
                                     const std::vector<std::string>& labels);

}  // namespace vitral::apps
