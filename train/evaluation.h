/// How good a network is on a validation set, between epochs.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/runtime/loader.h"
#include "datasets/dataset.h"

namespace vitral::train {

struct Evaluation {
  double score = 0;  ///< what decides which epoch is the best: top-1 as a share, or AP
  std::vector<std::pair<std::string, double>> metrics;
  std::size_t unreadable = 0;  ///< pictures that were left out
};

/// Runs `model` over `set` as inference would, in fp32 from packed weights, and gives it back in training mode.
/// `classes`: those of the training set; class i of the network (from its first class on) is the i-th.
Evaluation evaluate(LoadedModel& model, const Dataset& set, const Classes& classes, std::int64_t batch,
                    const at::Device& device);

/// The classes of `set` in the order of `classes`, by name. Throws Error(input) where one is not among them.
std::vector<std::size_t> places_of(const Classes& set, const Classes& classes, const std::string& subject);

}  // namespace vitral::train
