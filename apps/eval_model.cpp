#include "apps/eval_model.h"

#include "apps/eval_data.h"
#include "apps/eval_report.h"
#include "apps/evaluation.h"
#include "apps/output_folder.h"
#include "apps/records.h"
#include "common/core/text.h"

namespace vitral::apps {
namespace {

namespace fs = std::filesystem;

EvaluationOptions options_of(const EvalModelFlags& flags) {
  return {flags.data, flags.compute.batch, flags.output.strict};
}

std::string class_text(const ClassificationMetrics& metrics, const NativeRecord& classes) {
  std::string text = "\n   top-1   images  class\n";
  for (std::size_t i = 0; i < metrics.per_class().size(); ++i) {
    const auto& one = metrics.per_class()[i];
    if (one.images == 0) continue;
    char line[64];
    std::snprintf(line, sizeof line, "%7.2f%%  %7zu  ", 100 * one.accuracy(), one.images);
    text += line + printable(class_label(classes, static_cast<std::int64_t>(i)), 200) + "\n";
  }
  return text;
}

nlohmann::ordered_json class_json(const ClassificationMetrics& metrics, const NativeRecord& classes) {
  auto all = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < metrics.per_class().size(); ++i) {
    const auto& one = metrics.per_class()[i];
    if (one.images == 0) continue;
    all.push_back({{"class_id", i},
                   {"label", class_label(classes, static_cast<std::int64_t>(i))},
                   {"top1", one.accuracy()},
                   {"images", one.images}});
  }
  return all;
}

int classify(const EvalModelFlags& flags, const LoadedModel& model, Console& console) {
  const auto gates = parse_gates(flags.gates, classification_metric_names());
  JsonSink json(console, flags.output.json, flags.output.overwrite);
  if (!flags.plots.empty()) claim_folder(flags.plots, plot_files(false), flags.output.overwrite);
  const auto set = open_eval_data(flags.data, flags.split, Task::classify);
  const auto [metrics, skipped] = evaluate_classifier(model, *set, options_of(flags), console);
  if (metrics.not_a_number() > 0)
    console.warning(std::to_string(metrics.not_a_number()) + " pictures gave no numbers and count as wrong");
  if (json) {
    json.write(json_line({{"schema", "vitral.eval/1"},
                          {"task", "classify"},
                          {"top1", metrics.top1()},
                          {"top5", metrics.top5()},
                          {"images", metrics.images()},
                          {"skipped", skipped},
                          {"per_class", class_json(metrics, model.record)}}));
  }
  json.finish();
  if (!flags.output.json_on_stdout()) {
    char text[96];
    std::snprintf(text, sizeof text, "top-1 %.2f%%  top-5 %.2f%%  of %zu pictures\n", 100 * metrics.top1(),
                  100 * metrics.top5(), metrics.images());
    console.result(text + (flags.per_class ? class_text(metrics, model.record) : std::string()));
  }
  if (!flags.plots.empty())
    console.note("written: " + join(write_plots(flags.plots, flags.output.overwrite, metrics, model.record.labels)));
  check_gates(gates, metrics_of(metrics));
  return 0;
}

int detect(const EvalModelFlags& flags, const LoadedModel& model, Console& console) {
  const auto gates = parse_gates(flags.gates, detection_metric_names());
  JsonSink json(console, flags.output.json, flags.output.overwrite);
  if (!flags.plots.empty()) claim_folder(flags.plots, plot_files(true), flags.output.overwrite);
  const auto set = open_eval_data(flags.data, flags.split, Task::detect);
  const auto found = evaluate_detector(model, *set, options_of(flags), console);
  auto record = eval_json(found.evaluation);
  record["skipped"] = found.skipped;
  write_report(flags, record, found.truth, found.results, found.evaluation, json, console);
  check_gates(gates, metrics_of(found.evaluation));
  return 0;
}

}  // namespace

void write_report(const EvalModelFlags& flags, const nlohmann::ordered_json& record, const CocoInstances& truth,
                  std::span<const CocoResult> results, const CocoEvaluation& evaluation, JsonSink& json,
                  Console& console) {
  if (json) json.write(json_line(record));
  json.finish();
  if (!flags.output.json_on_stdout())
    console.result(coco_summary(evaluation) + (flags.per_class ? per_class_text(evaluation) : ""));
  if (flags.plots.empty()) return;
  console.note("written: " + join(write_plots(flags.plots, flags.output.overwrite, truth, results, evaluation)));
}

int eval_model(const EvalModelFlags& flags, Console& console) {
  if (!fs::is_directory(flags.data))
    throw Error(ErrorKind::input, printable(flags.data, 500), "is no folder, expected a data set");
  refuse_same_file(flags.output.json, flags.model.weights);
  const auto model = load(flags.model, flags.compute, console);
  if (model.record.in_chans != 3) throw Error(ErrorKind::usage, "--in-chans", "pictures have 3 channels");
  return model.entry->task == Task::classify ? classify(flags, model, console) : detect(flags, model, console);
}

}  // namespace vitral::apps
