#include "apps/evaluation.h"

#include <algorithm>

#include "apps/collate.h"
#include "apps/detect_engine.h"
#include "apps/eval_data.h"
#include "apps/levels.h"
#include "common/core/text.h"
#include "datasets/class_folders.h"
#include "datasets/metrics/truth.h"

namespace vitral::apps {
namespace {

constexpr double kEvalScore = 0.001;           ///< weaker detections change no COCO number
constexpr std::int64_t kEvalDetections = 100;  ///< as many of a picture as the metric looks at

/// Runs over pictures in batches of prepared ones; bad pictures are named and counted.
class Pass {
 public:
  Pass(const EvaluationOptions& options, const LoadedModel& model, Console& console)
      : options_(options), model_(model), console_(console) {}

  template <class Compute>
  void run(const Dataset& set, Compute compute) {
    std::vector<PictureSource> sources;
    for (std::size_t i = 0; i < set.size(); ++i) sources.push_back({set.describe(i).name, {}, i});
    if (sources.empty()) throw Error(ErrorKind::input, printable(options_.data, 500), "holds no pictures");
    PictureStream stream(sources, model_.record.preprocess, {.levels = levels_for(model_)},
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
      if (static_cast<std::int64_t>(batch.size()) < options_.batch) continue;
      compute(batch);
      batch.clear();
    }
    if (!batch.empty()) compute(batch);
    console_.end_progress();
    if (skipped_.size() == sources.size())
      throw Error(ErrorKind::input, printable(options_.data, 500),
                  "none of its " + std::to_string(sources.size()) + " pictures is readable");
    if (!skipped_.empty())
      console_.warning(std::to_string(skipped_.size()) + " of " + std::to_string(sources.size()) + " pictures skipped");
  }
  const nlohmann::ordered_json& skipped() const { return skipped_; }

 private:
  void skip(const PreparedPicture& picture) {
    if (options_.strict) throw Error(ErrorKind::input, "", picture.error);
    console_.warning("skipped: " + picture.error);
    skipped_.push_back({{"source", picture.source.name}, {"error", picture.error}});
  }
  const EvaluationOptions& options_;
  const LoadedModel& model_;
  Console& console_;
  nlohmann::ordered_json skipped_ = nlohmann::ordered_json::array();
};

}  // namespace

ClassifierEvaluation evaluate_classifier(const LoadedModel& model, const Dataset& set, const EvaluationOptions& options,
                                         Console& console) {
  const auto classes = static_cast<std::size_t>(model.record.num_classes);
  const auto numbers = class_numbers(set.classes().names, model.record.labels, classes);
  ClassificationMetrics metrics(classes);
  Pass pass(options, model, console);
  pass.run(set, [&](const std::vector<PreparedPicture>& batch) {
    std::vector<const PreparedInput*> inputs;
    for (const auto& picture : batch) inputs.push_back(&picture.inputs.front());
    const auto logits = model.logits(stacked_images(inputs)).contiguous();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      metrics.add({logits.const_data_ptr<float>() + i * classes, classes},
                  numbers[set.describe(batch[i].source.index).classes.front().class_index]);
    }
  });
  return {std::move(metrics), pass.skipped()};
}

DetectorEvaluation evaluate_detector(const LoadedModel& model, const Dataset& set, const EvaluationOptions& options,
                                     Console& console) {
  DetectorEvaluation result{truth_of(set), {}, {}, {}};
  const auto categories = shared_categories(model.record, set.classes());
  Confidence confidence;
  confidence.all = kEvalScore;
  const DetectEngine engine(model, ClassRules(confidence, {}, model.record.labels, model.record.num_classes),
                            {options.batch, kEvalDetections, std::nullopt});
  Pass pass(options, model, console);
  pass.run(set, [&](std::vector<PreparedPicture>& batch) {
    const auto found = engine.run(batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      for (const auto& [box, score, class_id] : found[i]) {
        if (categories[static_cast<std::size_t>(class_id)] < 0) continue;  // nothing that the set could judge
        result.results.push_back({result.truth.images[batch[i].source.index].id,
                                  categories[static_cast<std::size_t>(class_id)],
                                  {box.xmin, box.ymin, std::max(box.width(), 0.0), std::max(box.height(), 0.0)},
                                  score});
      }
    }
  });
  result.evaluation = evaluate_coco(result.truth, result.results);
  result.skipped = pass.skipped();
  return result;
}

}  // namespace vitral::apps
