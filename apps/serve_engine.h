/// The network of a server: pictures to the records that the command line would print.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "apps/classify_engine.h"
#include "apps/flags.h"

namespace vitral::apps {

/// What a request asks for beside its pictures.
struct Wanted {
  double confidence = 0.5;
  std::int64_t max_detections = 300, topk = 5;
};

class ServeEngine {
 public:
  /// `model` is prepared. Throws Error(usage) for a network that doesn't take pictures of three channels. `compute`
  /// names where it computes.
  ServeEngine(LoadedModel model, const ComputeFlags& compute);
  ServeEngine(const ServeEngine&) = delete;
  ServeEngine& operator=(const ServeEngine&) = delete;

  Task task() const { return model_.entry->task; }
  /// Thread-safe. Throws Error(input) for a picture that can't be placed.
  void prepare(image::Image picture, PreparedPicture& result) const;
  /// The record of each picture, from one thread at a time. An answer doesn't depend on what else is in the batch.
  std::vector<nlohmann::ordered_json> run(std::span<PreparedPicture> pictures, std::span<const Wanted> wanted) const;
  /// Computes once, so that the first request does not pay for packing.
  void warm_up() const;
  /// {"name":…,"task":…,"classes":…,"precision":…,"device":…,"labels":[…]}
  nlohmann::ordered_json description() const;

 private:
  std::vector<nlohmann::ordered_json> detect(std::span<PreparedPicture> pictures, std::span<const Wanted> wanted) const;
  LoadedModel model_;
  ComputeFlags compute_;
  image::Preprocessor preprocessor_;
  PrepareOptions prepare_;
  std::optional<ClassifyEngine> classes_;
};

}  // namespace vitral::apps
