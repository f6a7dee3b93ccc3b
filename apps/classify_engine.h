/// Prepared pictures to their classes, and these as records and text.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "apps/picture_stream.h"
#include "common/runtime/loader.h"

namespace vitral::apps {

struct ScoredClass {
  std::int64_t class_id;
  std::string label;
  float score;
};

struct Classified {
  std::vector<ScoredClass> classes;  ///< best first
  std::vector<float> embedding;      ///< the pooled features, where asked for
};

class ClassifyEngine {
 public:
  /// `model` is a prepared classifier of three channels and outlives the engine. `labels_file` names its classes, one a
  /// line; empty: as the checkpoint does. Throws Error(usage) for another network, Error(input) for other labels than
  /// classes.
  ClassifyEngine(const LoadedModel& model, const std::string& labels_file, bool embed);

  /// The `topk` best classes of each picture. Adds the times of forward and postprocess to the pictures.
  std::vector<Classified> run(std::span<PreparedPicture> pictures, std::int64_t topk) const;

 private:
  const LoadedModel& model_;
  std::vector<std::string> labels_;
  bool embed_;
};

nlohmann::ordered_json class_record(const PreparedPicture& picture, const Classified& found);
std::string class_text(const PreparedPicture& picture, const Classified& found);

}  // namespace vitral::apps
