#include "train/evaluation.h"

#include <algorithm>
#include <optional>

#include "common/core/error.h"
#include "common/core/ordered_prefetch.h"
#include "common/core/text.h"
#include "common/image/tensor.h"
#include "datasets/metrics/classification.h"
#include "datasets/metrics/coco_eval.h"
#include "datasets/metrics/truth.h"

namespace vitral::train {
namespace {

constexpr double kLeastScore = 0.001;          // weaker detections change no COCO number
constexpr std::int64_t kMostDetections = 100;  // as many of a picture as the metric looks at

struct Prepared {
  image::Batch batch;
  std::vector<std::size_t> indices;  // of its pictures in the set
  std::size_t unreadable = 0;
};

Prepared prepare(const Dataset& set, const image::Preprocessor& preprocessor, std::size_t begin, std::size_t end) {
  Prepared result;
  std::vector<image::Image> pictures;
  for (std::size_t i = begin; i < end; ++i) {
    try {
      pictures.push_back(set.picture(i));
      result.indices.push_back(i);
    } catch (const Error&) {
      ++result.unreadable;
    }
  }
  if (!pictures.empty()) result.batch = image::to_batch(preprocessor, pictures);
  return result;
}

/// Calls `use` with every batch of the set, made ahead on other threads.
template <class Use>
std::size_t for_each_batch(const Dataset& set, const Preprocess& spec, std::int64_t size, Use use) {
  const image::Preprocessor preprocessor(spec);
  const auto step = static_cast<std::size_t>(size);
  OrderedPrefetch<Prepared> batches((set.size() + step - 1) / step, 2, 4, [&](std::size_t i) {
    return prepare(set, preprocessor, i * step, std::min((i + 1) * step, set.size()));
  });
  std::size_t unreadable = 0;
  while (auto batch = batches.next()) {
    unreadable += batch->unreadable;
    if (!batch->indices.empty()) use(*batch);
  }
  return unreadable;
}

Evaluation classify(const LoadedModel& model, const Dataset& set, const std::vector<std::size_t>& places,
                    std::int64_t batch) {
  const auto classes = static_cast<std::size_t>(model.record.num_classes);
  ClassificationMetrics metrics(classes);
  Evaluation result;
  result.unreadable = for_each_batch(set, model.record.preprocess, batch, [&](const Prepared& prepared) {
    const auto logits = model.logits(prepared.batch.images).contiguous();
    for (std::size_t i = 0; i < prepared.indices.size(); ++i) {
      const auto label = places[set.describe(prepared.indices[i]).classes.front().class_index];
      metrics.add({logits.const_data_ptr<float>() + i * classes, classes}, label);
    }
  });
  result.score = metrics.top1();
  result.metrics = {{"top1", metrics.top1()}, {"top5", metrics.top5()}};
  return result;
}

/// Adds one picture's detections in COCO's terms.
void add_results(std::vector<CocoResult>& results, const Detections& found, const Preprocess& spec,
                 const Placement& placement, std::int64_t image_id, const std::vector<std::int64_t>& categories,
                 std::int64_t first_class) {
  const auto boxes = found.boxes.accessor<float, 2>();
  const auto scores = found.scores.accessor<float, 1>();
  const auto labels = found.labels.accessor<std::int64_t, 1>();
  for (std::int64_t i = 0; i < scores.size(0); ++i) {
    const auto place = static_cast<std::size_t>(labels[i] - first_class);
    if (labels[i] < first_class || place >= categories.size() || categories[place] < 0) continue;
    const auto box = to_source(spec, placement, {boxes[i][0], boxes[i][1], boxes[i][2], boxes[i][3]});
    const double xmin = std::clamp<double>(box.xmin, 0, placement.source_width);
    const double ymin = std::clamp<double>(box.ymin, 0, placement.source_height);
    const double xmax = std::clamp<double>(box.xmax, xmin, placement.source_width);
    const double ymax = std::clamp<double>(box.ymax, ymin, placement.source_height);
    results.push_back({image_id, categories[place], {xmin, ymin, xmax - xmin, ymax - ymin}, scores[i]});
  }
}

Evaluation detect(const LoadedModel& model, const Dataset& set, const std::vector<std::size_t>& places,
                  std::int64_t batch) {
  std::vector<std::int64_t> categories(static_cast<std::size_t>(model.record.num_classes), -1);
  for (std::size_t i = 0; i < places.size(); ++i) categories[places[i]] = set.classes().ids[i];
  const auto truth = truth_of(set);
  std::vector<CocoResult> results;
  Evaluation result;
  result.unreadable = for_each_batch(set, model.record.preprocess, batch, [&](const Prepared& prepared) {
    const auto found = model.detect({prepared.batch.images, prepared.batch.mask}, {kLeastScore, kMostDetections, {}});
    for (std::size_t i = 0; i < found.size(); ++i) {
      add_results(results, found[i], model.record.preprocess, prepared.batch.placements[i],
                  truth.images[prepared.indices[i]].id, categories, model.detector().first_class());
    }
  });
  const auto evaluation = evaluate_coco(truth, results);
  result.score = std::max(evaluation.stats[0], 0.0);
  result.metrics = {{"AP", evaluation.stats[0]}, {"AP50", evaluation.stats[1]}, {"AP75", evaluation.stats[2]}};
  return result;
}

}  // namespace

std::vector<std::size_t> places_of(const Classes& set, const Classes& classes, const std::string& subject) {
  std::vector<std::size_t> places;
  for (const auto& name : set.names) {
    const auto found = std::find(classes.names.begin(), classes.names.end(), name);
    if (found == classes.names.end()) {
      throw Error(ErrorKind::input, subject,
                  "has the class '" + printable(name, 100) + "', which the training set has not");
    }
    places.push_back(static_cast<std::size_t>(found - classes.names.begin()));
  }
  return places;
}

Evaluation evaluate(LoadedModel& model, const Dataset& set, const Classes& classes, std::int64_t batch,
                    const at::Device& device) {
  const auto places = places_of(set.classes(), classes, "the validation set");
  model.prepare(device, nn::Precision::fp32);
  const bool detects = model.entry->task == Task::detect;
  auto result = detects ? detect(model, set, places, batch) : classify(model, set, places, batch);
  model.net->module().train();
  return result;
}

}  // namespace vitral::train
