/// Prepared pictures to detections in their own pixels.
#pragma once

#include <span>
#include <vector>

#include "apps/class_rules.h"
#include "apps/picture_stream.h"
#include "common/runtime/loader.h"

namespace vitral::apps {

struct EngineOptions {
  std::int64_t batch = 1;
  std::int64_t max_detections = 300;
  std::optional<double> nms;
};

class DetectEngine {
 public:
  /// `model` is a prepared detector of three channels and outlives the engine. Throws Error(usage) for a classifier.
  DetectEngine(const LoadedModel& model, ClassRules rules, EngineOptions options);

  /// The detections of each picture, best first, in pixels of the upright original. Adds the times of forward and
  /// postprocess to the pictures. What tiles saw twice is there once.
  std::vector<std::vector<ScoredBox>> run(std::span<PreparedPicture> pictures) const;

 private:
  /// What the inputs of one picture gave; boxes that the edge of a tile may have cut by themselves.
  struct Seen {
    std::vector<ScoredBox> whole, cut;
  };
  void add(const PreparedInput& input, const Detections& found, const PreparedPicture& picture, Seen& seen) const;
  std::vector<ScoredBox> best_of(Seen seen, std::size_t inputs) const;
  const LoadedModel& model_;
  ClassRules rules_;
  EngineOptions options_;
  DetectOptions network_;
};

}  // namespace vitral::apps
