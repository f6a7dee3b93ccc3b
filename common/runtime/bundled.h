/// Small networks whose weights travel with the program.
#pragma once

#include <string>
#include <string_view>

#include "common/runtime/registry.h"

namespace vitral {

/// What a row of a family's table says of one.
struct Bundled {
  std::string_view name;  ///< of the entry and, with ".safetensors", of its file
  Task task = Task::classify;
  std::string_view family, paper;
  std::string_view data;         ///< what it was trained on: the tag of its file
  std::int64_t num_classes = 0;  ///< with the background where the network counts one
  double gmacs = 0;
  std::int64_t params = 0;
  double score = 0;  ///< measured top-1 or AP in percent, as its card says
};

/// The entry without `build`.
ModelEntry bundled_entry(const Bundled& row, Preprocess preprocess);

/// Straight to `side` x `side` pixels, with the mean and deviation of Fashion-MNIST's grey levels.
Preprocess fashion_preprocess(int side = 32);

}  // namespace vitral
