/// What differs between two checkpoint files.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/weights/checkpoint.h"

namespace vitral::apps {

struct TensorDifference {
  std::string name;
  std::string kind;          ///< "dtype", "shape" or "values"
  std::string first, second; ///< what each file has
  double max_abs = 0;        ///< of "values"
};

struct WeightsDifference {
  std::vector<std::string> only_first, only_second;
  std::vector<TensorDifference> differing;
  std::size_t equal = 0;

  std::string text() const;
  nlohmann::ordered_json json() const;
};

/// Compares tensors of the same name; values in double.
WeightsDifference diff_weights(const weights::Checkpoint& first, const weights::Checkpoint& second);

}  // namespace vitral::apps
