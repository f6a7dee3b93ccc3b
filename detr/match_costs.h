/// What it costs every query to find every object of its picture, on the host.
#pragma once

#include "detr/matcher.h"

namespace vitral::detr {

/// Of each picture where its matrix [Q, N] begins, and how long a row of it is.
struct HostCosts {
  at::Tensor memory;  ///< fp64, on the CPU
  std::vector<const double*> pictures;
  std::vector<std::int64_t> rows;
};

/// Picture by picture: nothing is computed that is not needed. For predictions on the CPU. Throws Error(input) where a
/// label is no class.
HostCosts costs_by_picture(const SetPrediction& prediction, std::span<const Target> targets,
                           const MatchOptions& options);

/// All pictures at once, each with as many objects as the fullest has, and all predictions in one copy: on a GPU every
/// operation is launched and every copy waits. The same numbers.
std::vector<HostCosts> costs_of_batch(std::span<const SetPrediction> predictions, std::span<const Target> targets,
                                      const MatchOptions& options);

}  // namespace vitral::detr
