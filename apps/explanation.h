/// What a network looked at in one picture: recorded attention, and the map that a method makes of it.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "common/runtime/attentive.h"
#include "common/runtime/loader.h"

namespace vitral::apps {

enum class ExplainMethod { rollout, last, gradient, decoder };
std::string_view to_string(ExplainMethod method);

/// The methods that fit a network, the best one first; empty for none.
std::vector<ExplainMethod> explain_methods(const LoadedModel& model);

struct ExplainOptions {
  std::optional<ExplainMethod> method;   ///< unset: the network's first
  std::optional<std::int64_t> layer;     ///< of those that the method shows; negative ones count from the last
  std::optional<std::int64_t> head;      ///< unset: the mean
  std::optional<std::int64_t> box;       ///< only this detection
  std::optional<std::int64_t> class_id;  ///< that gradients speak for; unset: the best one
  DetectOptions detect{.max_detections = 30};
};

/// What was recorded of one layer of one picture, fp32 on the CPU.
struct ExplainedLayer {
  AttentionLayer layer;  ///< `attention` is of no use any more
  at::Tensor weights;    ///< [H, N, M]; windows [windows, H, N, N]; samples [Q, H, L, P]
  at::Tensor locations;  ///< samples: [Q, H, L, P, 2]
  at::Tensor windows;    ///< windows: int32 [windows, N]
};

/// What a map is about: a class, or a detection.
struct ExplainTarget {
  std::int64_t class_id = 0;
  double score = 0;
  std::optional<std::array<float, 4>> box;  ///< xyxy, pixels of the input
  std::int64_t query = 0;
};

struct Explanation {
  ExplainMethod method = ExplainMethod::last;
  std::vector<ExplainTarget> targets;
  at::Tensor maps;  ///< fp32 [targets, rows, columns] over the whole input, not below 0
  std::vector<ExplainedLayer> layers;
  std::size_t shown = 0;  ///< the layer that `maps` are of, where they are of one
};

/// One of `count` things by a number that may count from the end. Throws Error(usage, "<flag> <wanted>", …) with the
/// range where there is none.
std::size_t pick(std::int64_t wanted, std::size_t count, const std::string& flag, const std::string& what);
/// [H, ...] -> one head's, or the mean of all.
at::Tensor of_heads(const at::Tensor& maps, const std::optional<std::int64_t>& head);
/// The method that was asked for, or the first of those known. Throws Error(usage) naming them where it is another.
ExplainMethod choose_method(const std::vector<ExplainMethod>& known, const std::optional<ExplainMethod>& wanted,
                            const std::string& model);

/// Looks into a prepared network. `batch` is one picture, fp32 on the CPU. Throws Error(usage) for a method that the
/// network lacks, or a layer, head, box or class that does not exist, naming those that do.
Explanation explain(const LoadedModel& model, const PictureBatch& batch, const ExplainOptions& options);

}  // namespace vitral::apps
