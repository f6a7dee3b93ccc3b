#include "apps/bench_stages.h"

#include <functional>
#include <map>
#include <numeric>

#include "apps/classify_engine.h"
#include "apps/detect_engine.h"
#include "apps/inputs.h"
#include "apps/levels.h"
#include "apps/records.h"
#include "common/core/error.h"
#include "common/core/stop_watch.h"

namespace vitral::apps {
namespace {

constexpr double kShownScore = 0.5;
constexpr std::int64_t kShownClasses = 5;

using Consume = std::function<void(std::span<PreparedPicture>)>;

/// The part of a picture's way that comes after its input is made.
Consume consumer(const LoadedModel& model, std::int64_t batch) {
  if (model.entry->task == Task::classify) {
    return [engine = std::make_shared<const ClassifyEngine>(model, "", /*embed=*/false)](
               std::span<PreparedPicture> pictures) { engine->run(pictures, kShownClasses); };
  }
  Confidence confidence;
  confidence.all = kShownScore;
  EngineOptions options;
  options.batch = batch;
  const auto engine = std::make_shared<const DetectEngine>(
      model, ClassRules(confidence, {}, model.record.labels, model.record.num_classes), options);
  return [engine](std::span<PreparedPicture> pictures) { engine->run(pictures); };
}

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

/// Milliseconds of each stage, a number a picture.
struct Times {
  std::vector<double> decode, preprocess, forward, postprocess;
  void add(const StageTimes& times) {
    decode.push_back(times.decode);
    preprocess.push_back(times.preprocess);
    forward.push_back(times.forward);
    postprocess.push_back(times.postprocess);
  }
};

}  // namespace

nlohmann::ordered_json end_to_end(const LoadedModel& model, const std::vector<std::string>& inputs,
                                  std::int64_t batch) {
  const auto consume = consumer(model, batch);
  Times times;
  double wall_ms = 0;
  std::size_t decoders = 0;
  for (const bool counts : {false, true}) {
    PictureStream stream(expand_inputs(inputs), model.record.preprocess, {.levels = levels_for(model)});
    decoders = stream.workers();
    std::vector<PreparedPicture> pictures;
    const auto compute = [&] {
      consume(pictures);
      for (const auto& picture : pictures) {
        if (counts) times.add(picture.times);
      }
      pictures.clear();
    };
    StopWatch watch;
    while (auto picture = stream.next()) {
      if (!picture->error.empty()) throw Error(ErrorKind::input, "", picture->error);
      pictures.push_back(std::move(*picture));
      if (static_cast<std::int64_t>(pictures.size()) == batch) compute();
    }
    if (!pictures.empty()) compute();
    wall_ms = watch.lap();
  }
  const auto count = static_cast<double>(times.decode.size());
  const double input = 1000 * count * static_cast<double>(decoders) / (sum(times.decode) + sum(times.preprocess));
  const double network = 1000 * count / (sum(times.forward) + sum(times.postprocess));
  return {{"pictures", times.decode.size()},
          {"batch", batch},
          {"decoders", decoders},
          {"images_per_s", 1000 * count / wall_ms},
          {"p50_ms",
           {{"decode", percentile(times.decode, 50)},
            {"preprocess", percentile(times.preprocess, 50)},
            {"forward", percentile(times.forward, 50)},
            {"postprocess", percentile(times.postprocess, 50)}}},
          {"capacity", {{"input", input}, {"network", network}}},
          {"limited_by", input < network ? "input" : "network"}};
}

}  // namespace vitral::apps
