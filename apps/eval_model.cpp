#include "apps/eval_model.h"

#include <algorithm>

#include "apps/collate.h"
#include "apps/detect_engine.h"
#include "apps/eval_data.h"
#include "apps/eval_report.h"
#include "apps/output_folder.h"
#include "common/core/text.h"
#include "datasets/class_folders.h"
#include "datasets/metrics/truth.h"

namespace vitral::apps {
namespace {

namespace fs = std::filesystem;

constexpr double kEvalScore = 0.001;           ///< weaker detections change no COCO number
constexpr std::int64_t kEvalDetections = 100;  ///< as many of a picture as the metric looks at

/// Runs over pictures in batches of prepared ones; bad pictures are named and counted.
class Pass {
 public:
  Pass(const EvalModelFlags& flags, const LoadedModel& model, Console& console)
      : flags_(flags), model_(model), console_(console) {}

  template <class Compute>
  void run(const Dataset& set, Compute compute) {
    std::vector<PictureSource> sources;
    for (std::size_t i = 0; i < set.size(); ++i) sources.push_back({set.describe(i).name, {}, i});
    if (sources.empty()) throw Error(ErrorKind::input, printable(flags_.data, 500), "holds no pictures");
    PictureStream stream(sources, model_.record.preprocess, {},
                         [&set](const PictureSource& source) { return set.picture(source.index); });
    std::vector<PreparedPicture> batch;
    std::size_t seen = 0;
    while (auto picture = stream.next()) {
      console_.progress("eval", ++seen, stream.size());
      if (!picture->error.empty()) {
        skip(*picture);
        continue;
      }
      batch.push_back(std::move(*picture));
      if (static_cast<std::int64_t>(batch.size()) < flags_.compute.batch) continue;
      compute(batch);
      batch.clear();
    }
    if (!batch.empty()) compute(batch);
    console_.end_progress();
    if (skipped_.size() == sources.size())
      throw Error(ErrorKind::input, printable(flags_.data, 500),
                  "none of its " + std::to_string(sources.size()) + " pictures is readable");
    if (!skipped_.empty())
      console_.warning(std::to_string(skipped_.size()) + " of " + std::to_string(sources.size()) + " pictures skipped");
  }
  const nlohmann::ordered_json& skipped() const { return skipped_; }

 private:
  void skip(const PreparedPicture& picture) {
    if (flags_.output.strict) throw Error(ErrorKind::input, "", picture.error);
    console_.warning("skipped: " + picture.error);
    skipped_.push_back({{"source", picture.source.name}, {"error", picture.error}});
  }
  const EvalModelFlags& flags_;
  const LoadedModel& model_;
  Console& console_;
  nlohmann::ordered_json skipped_ = nlohmann::ordered_json::array();
};

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
  const auto classes = static_cast<std::size_t>(model.record.num_classes);
  const auto numbers = class_numbers(set->classes().names, model.record.labels, classes);
  ClassificationMetrics metrics(classes);
  Pass pass(flags, model, console);
  pass.run(*set, [&](const std::vector<PreparedPicture>& batch) {
    std::vector<const PreparedInput*> inputs;
    for (const auto& picture : batch) inputs.push_back(&picture.inputs.front());
    const auto logits = model.logits(stacked_images(inputs)).contiguous();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      metrics.add({logits.const_data_ptr<float>() + i * classes, classes},
                  numbers[set->describe(batch[i].source.index).classes.front().class_index]);
    }
  });
  if (metrics.not_a_number() > 0)
    console.warning(std::to_string(metrics.not_a_number()) + " pictures gave no numbers and count as wrong");
  if (json) {
    json.write(json_line({{"schema", "vitral.eval/1"},
                          {"task", "classify"},
                          {"top1", metrics.top1()},
                          {"top5", metrics.top5()},
                          {"images", metrics.images()},
                          {"skipped", pass.skipped()},
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
  const auto truth = truth_of(*set);
  const auto categories = shared_categories(model.record, set->classes());
  Confidence confidence;
  confidence.all = kEvalScore;
  const DetectEngine engine(model, ClassRules(confidence, {}, model.record.labels, model.record.num_classes),
                            {flags.compute.batch, kEvalDetections, std::nullopt});
  std::vector<CocoResult> results;
  Pass pass(flags, model, console);
  pass.run(*set, [&](std::vector<PreparedPicture>& batch) {
    const auto found = engine.run(batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      for (const auto& [box, score, class_id] : found[i]) {
        if (categories[static_cast<std::size_t>(class_id)] < 0) continue;  // nothing that the set could judge
        results.push_back({truth.images[batch[i].source.index].id,
                           categories[static_cast<std::size_t>(class_id)],
                           {box.xmin, box.ymin, std::max(box.width(), 0.0), std::max(box.height(), 0.0)},
                           score});
      }
    }
  });
  const auto evaluation = evaluate_coco(truth, results);
  auto record = eval_json(evaluation);
  record["skipped"] = pass.skipped();
  write_report(flags, record, truth, results, evaluation, json, console);
  check_gates(gates, metrics_of(evaluation));
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
