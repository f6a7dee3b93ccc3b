/// Which track goes with which detection: the cheapest pairs up to a limit.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/core/assignment.h"
#include "common/core/box.h"

namespace vitral {

/// A pair that may be formed, and its cost.
struct PossiblePair {
  std::uint32_t row, col;
  double cost;
};

/// The pairs of boxes that overlap, by rising row and column. Their cost is 1 - intersection over union, in single
/// precision and with both edge pixels counted (a box from 3 to 5 is 3 wide), as ByteTrack has it.
std::vector<PossiblePair> overlapping_pairs(std::span<const Box> rows, std::span<const Box> cols);

struct Association {
  std::vector<AssignedPair> pairs;                  ///< by rising row
  std::vector<std::uint32_t> free_rows, free_cols;  ///< by rising index
};

/// Chooses among the `possible` pairs (of `rows` x `cols`, none twice) with a cost of at most `limit`: each row and
/// column at most once, so that the sum of cost - limit is least. That is what `lap.lapjv(…, extend_cost=True,
/// cost_limit=limit)` finds. Rows and columns that no such pair links don't influence each other: each linked group is
/// solved for itself.
Association associate(std::size_t rows, std::size_t cols, std::span<const PossiblePair> possible, double limit);

}  // namespace vitral
