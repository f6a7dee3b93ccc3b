#include "apps/eval_report.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "common/core/file.h"
#include "common/core/text.h"
#include "datasets/metrics/coco_confusion.h"
#include "datasets/metrics/plots.h"

namespace vitral::apps {
namespace {

constexpr const char* kCurves = "pr_curves";
constexpr const char* kConfusion = "confusion_matrix";

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string digits(double value, const char* pattern = "%.4f") {
  char text[64];
  std::snprintf(text, sizeof text, pattern, value);
  return text;
}

/// Precision at each recall of one threshold: of one category, or the mean of those that have objects.
std::vector<double> precisions(const CocoEvaluation& evaluation, std::size_t threshold, std::size_t first,
                               std::size_t end) {
  std::vector<double> result;
  for (std::size_t point = 0; point < coco::kRecalls; ++point) {
    double sum = 0;
    std::size_t present = 0;
    for (std::size_t category = first; category < end; ++category) {
      const double value = evaluation.precision[evaluation.at(threshold, point, category, 0, 2)];
      sum += value >= 0 ? value : 0.0;
      present += value >= 0 ? 1 : 0;
    }
    if (present > 0) result.push_back(sum / static_cast<double>(present));
  }
  return result;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

CurveFigure curves_of(const CocoEvaluation& evaluation) {
  const auto& points = coco_recall_points();
  const std::vector<double> recalls(points.begin(), points.end());
  CurveFigure figure{"Precision and recall", "recall", "precision (mean of categories)", {}};
  const std::size_t categories = evaluation.categories.size();
  for (std::size_t category = 0; category < categories; ++category) {
    figure.curves.push_back({"", recalls, precisions(evaluation, 0, category, category + 1), true});
  }
  for (std::size_t threshold = 0; threshold < coco::kIouThresholds; ++threshold) {
    auto values = precisions(evaluation, threshold, 0, categories);
    const auto name =
        "IoU " + digits(coco::iou_thresholds()[threshold], "%.2f") + "  AP " + digits(mean(values), "%.3f");
    figure.curves.push_back({name, recalls, std::move(values)});
  }
  return figure;
}

std::string curves_csv(const CocoEvaluation& evaluation) {
  std::string csv = "category_id,name,iou,recall,precision,score\n";
  for (std::size_t category = 0; category < evaluation.categories.size(); ++category) {
    const auto& [id, name] = evaluation.categories[category];
    for (std::size_t threshold = 0; threshold < coco::kIouThresholds; ++threshold) {
      for (std::size_t point = 0; point < coco::kRecalls; ++point) {
        const auto cell = evaluation.at(threshold, point, category, 0, 2);
        if (evaluation.precision[cell] < 0) continue;
        csv += std::to_string(id) + "," + csv_field(name) + "," + digits(coco::iou_thresholds()[threshold], "%.2f") +
               "," + digits(coco_recall_points()[point], "%.2f") + "," + digits(evaluation.precision[cell], "%.6f") +
               "," + digits(evaluation.scores[cell], "%.6f") + "\n";
      }
    }
  }
  return csv;
}

MatrixFigure confusion_of(const CocoInstances& truth, std::span<const CocoResult> results) {
  auto confusion = coco_confusion(truth, results);
  std::vector<std::string> names;
  for (const auto& category : confusion.categories) names.push_back(category.name);
  names.emplace_back("(nothing)");
  return {
      "Confusion matrix (score 0.25, IoU 0.5)", "what is there", "detected", names, names, std::move(confusion.counts)};
}

MatrixFigure confusion_of(const ClassificationMetrics& metrics, const std::vector<std::string>& labels) {
  const std::size_t classes = metrics.per_class().size();
  std::vector<std::string> names;
  for (std::size_t i = 0; i < classes; ++i) names.push_back(i < labels.size() ? labels[i] : std::to_string(i));
  MatrixFigure figure{
      "Confusion matrix", "true class", "predicted", names, names, std::vector<std::size_t>(classes * classes)};
  for (const auto& [pair, count] : metrics.confusion()) figure.counts[pair.first * classes + pair.second] = count;
  return figure;
}

std::vector<std::string> write_texts(const std::string& folder, bool overwrite, const std::vector<std::string>& files,
                                     const std::vector<std::string>& texts) {
  std::vector<std::string> written;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto path = std::filesystem::path(folder) / files[i];
    write_file(path, texts[i], overwrite);
    written.push_back(path.string());
  }
  return written;
}

}  // namespace

std::vector<Gate> parse_gates(const std::vector<std::string>& texts, const std::vector<std::string>& known,
                              const char* flag) {
  std::vector<Gate> gates;
  for (const auto& text : texts) {
    const auto equals = text.find('=');
    Gate gate{lower(text.substr(0, equals))};
    const std::string value = equals == std::string::npos ? "" : text.substr(equals + 1);
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), gate.bound);
    if (error != std::errc() || end != value.data() + value.size() || !std::isfinite(gate.bound)) {
      throw Error(ErrorKind::usage, flag,
                  "'" + printable(text, 200) + "' is not NAME=NUMBER, such as " + known.front() + "=0.40");
    }
    if (std::find(known.begin(), known.end(), gate.metric) == known.end()) {
      throw Error(ErrorKind::usage, flag,
                  "'" + printable(gate.metric, 200) + "' is unknown, expected one of " + join(known));
    }
    gates.push_back(std::move(gate));
  }
  return gates;
}

void check_gates(const std::vector<Gate>& gates, const std::map<std::string, double>& metrics) {
  std::vector<std::string> missed;
  for (const auto& gate : gates) {
    const double value = metrics.at(gate.metric);
    if (!(value >= gate.bound))
      missed.push_back(gate.metric + " is " + digits(value, "%.6g") + ", expected at least " +
                       digits(gate.bound, "%.6g"));
  }
  if (!missed.empty()) throw Error(ErrorKind::gate, "quality gate", join(missed, "; "));
}

void report_unknown(const std::map<std::int64_t, std::size_t>& unknown, const Unknown& what, bool strict,
                    Console& console) {
  if (unknown.empty()) return;
  std::vector<std::string> ids;
  std::size_t results = 0;
  for (const auto& [id, count] : unknown) {
    results += count;
    if (ids.size() < 5) ids.push_back(std::to_string(id));
  }
  const std::string rest =
      unknown.size() > ids.size() ? " and " + std::to_string(unknown.size() - ids.size()) + " more" : "";
  const std::string text = std::to_string(results) + (results == 1 ? " result names " : " results name ") + what.noun +
                           " " + join(ids) + rest + ", unknown to " + what.truth;
  if (strict) throw Error(ErrorKind::input, what.results, text);
  console.warning(what.results + ": " + text + "; left out");
}

std::vector<std::string> detection_metric_names() {
  std::vector<std::string> names{"map", "map50", "map75"};
  for (const char* name : coco::kStatNames) names.push_back(lower(name));
  return names;
}

std::vector<std::string> classification_metric_names() {
  return {"top1", "top5"};
}

std::map<std::string, double> metrics_of(const CocoEvaluation& evaluation) {
  std::map<std::string, double> metrics{
      {"map", evaluation.stats[0]}, {"map50", evaluation.stats[1]}, {"map75", evaluation.stats[2]}};
  for (std::size_t i = 0; i < evaluation.stats.size(); ++i) metrics[lower(coco::kStatNames[i])] = evaluation.stats[i];
  return metrics;
}

std::map<std::string, double> metrics_of(const ClassificationMetrics& metrics) {
  return {{"top1", metrics.top1()}, {"top5", metrics.top5()}};
}

nlohmann::ordered_json eval_json(const CocoEvaluation& evaluation) {
  auto stats = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < evaluation.stats.size(); ++i) stats[coco::kStatNames[i]] = evaluation.stats[i];
  auto classes = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < evaluation.categories.size(); ++i) {
    const auto& category = evaluation.categories[i];
    classes.push_back({{"category_id", category.id},
                       {"name", category.name},
                       {"AP", evaluation.category_ap[i]},
                       {"objects", evaluation.objects[i]}});
  }
  return {{"schema", "vitral.eval/1"},
          {"task", "detect"},
          {"stats", stats},
          {"images", evaluation.images},
          {"per_class", classes}};
}

std::string per_class_text(const CocoEvaluation& evaluation) {
  std::string text = "\n     AP  objects  category\n";
  for (std::size_t i = 0; i < evaluation.categories.size(); ++i) {
    char line[64];
    std::snprintf(line, sizeof line, "%7.3f  %7zu  ", evaluation.category_ap[i], evaluation.objects[i]);
    text += line + printable(evaluation.categories[i].name, 200) + " (" + std::to_string(evaluation.categories[i].id) +
            ")\n";
  }
  return text;
}

std::vector<std::string> plot_files(bool detection) {
  std::vector<std::string> files;
  for (const char* extension : {".svg", ".csv"}) files.push_back(std::string(kConfusion) + extension);
  for (const char* extension : {".svg", ".csv"}) {
    if (detection) files.push_back(std::string(kCurves) + extension);
  }
  return files;
}

std::vector<std::string> write_plots(const std::string& folder, bool overwrite, const CocoInstances& truth,
                                     std::span<const CocoResult> results, const CocoEvaluation& evaluation) {
  const auto confusion = confusion_of(truth, results);
  return write_texts(folder, overwrite, plot_files(true),
                     {to_svg(confusion), to_csv(confusion), to_svg(curves_of(evaluation)), curves_csv(evaluation)});
}

std::vector<std::string> write_plots(const std::string& folder, bool overwrite, const ClassificationMetrics& metrics,
                                     const std::vector<std::string>& labels) {
  const auto confusion = confusion_of(metrics, labels);
  return write_texts(folder, overwrite, plot_files(false), {to_svg(confusion), to_csv(confusion)});
}

}  // namespace vitral::apps
