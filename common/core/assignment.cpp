#include "common/core/assignment.h"

#include <algorithm>
#include <limits>

#include "common/core/assignment_scan.h"
#include "common/core/error.h"
#include "common/core/parallel.h"

namespace vitral {
namespace {

using Eigen::Index;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

std::vector<AssignedPair> AssignmentSolver::solve(const CostView& cost, bool maximize) {
  const bool transposed = cost.cols() < cost.rows();
  load(cost, transposed, maximize);
  for (Index row = 0; row < rows_; ++row) augment(row);

  std::vector<AssignedPair> pairs;
  pairs.reserve(static_cast<std::size_t>(rows_));
  if (transposed) {
    for (Index col = 0; col < cols_; ++col) {
      if (row_of_col_[col] >= 0) pairs.push_back({col, row_of_col_[col]});
    }
  } else {
    for (Index row = 0; row < rows_; ++row) pairs.push_back({row, col_of_row_[row]});
  }
  return pairs;
}

/// Copies the costs so that there are at most as many rows as columns and less is better.
void AssignmentSolver::load(const CostView& cost, bool transposed, bool maximize) {
  rows_ = std::min(cost.rows(), cost.cols());
  cols_ = std::max(cost.rows(), cost.cols());
  stride_ = (cols_ + kScanLanes - 1) / kScanLanes * kScanLanes;
  cost_.assign(static_cast<std::size_t>(rows_ * stride_), kInfinity);
  Eigen::Map<CostMatrix, 0, Eigen::OuterStride<>> own(cost_.data(), rows_, cols_, Eigen::OuterStride<>(stride_));
  if (transposed) {
    own = cost.transpose();
  } else {
    own = cost;
  }
  if (maximize) own = -own;
  const auto invalid = std::find_if_not(cost_.begin(), cost_.end(), [](double value) { return value > -kInfinity; });
  if (invalid != cost_.end()) {
    const Index row = (invalid - cost_.begin()) / stride_, col = (invalid - cost_.begin()) % stride_;
    throw Error(ErrorKind::failed, "assignment",
                "the cost of row " + std::to_string(transposed ? col : row) + ", column " +
                    std::to_string(transposed ? row : col) + " is " + std::to_string(maximize ? -*invalid : *invalid) +
                    ", expected a number or " + (maximize ? "-inf" : "+inf"));
  }
  row_dual_.assign(static_cast<std::size_t>(rows_), 0.0);
  col_dual_.assign(static_cast<std::size_t>(stride_), 0.0);
  open_dual_ = col_dual_;
  previous_row_.resize(static_cast<std::size_t>(stride_));
  row_of_col_.assign(static_cast<std::size_t>(stride_), -1);
  col_of_row_.assign(static_cast<std::size_t>(rows_), -1);
}

/// Places one more row, moving others along the cheapest alternating path where that is needed.
void AssignmentSolver::augment(Index row) {
  double length = 0.0;
  Index col = shortest_path_end(row, length);
  row_dual_[row] += length;
  for (const auto& [scanned, distance] : scanned_) {
    const double slack = length - distance;
    if (row_of_col_[scanned] >= 0) row_dual_[row_of_col_[scanned]] += slack;
    col_dual_[scanned] -= slack;
    open_dual_[scanned] = col_dual_[scanned];
  }
  for (Index placed = -1; placed != row;) {
    placed = previous_row_[col];
    row_of_col_[col] = placed;
    std::swap(col, col_of_row_[placed]);
  }
}

/// Dijkstra over reduced costs from `row` to the nearest free column; `scanned_` keeps what it passed, the end
/// included.
Index AssignmentSolver::shortest_path_end(Index row, double& length) {
  distance_.assign(static_cast<std::size_t>(stride_), kInfinity);
  scanned_.clear();
  while (true) {
    const Index col = nearest_column(row, length, length);
    scanned_.push_back({col, length});
    if (row_of_col_[col] < 0) return col;
    row = row_of_col_[col];
    distance_[col] = kInfinity;
    open_dual_[col] = -kInfinity;  // makes every further distance to it infinite
  }
}

/// Lowers the distances by way of `row`, which is `base` away, and returns the nearest column not yet scanned.
Index AssignmentSolver::nearest_column(Index row, double base, double& distance) {
  const ColumnScan scan{
      row,    base, row_dual_[row], &cost_[row * stride_], open_dual_.data(), distance_.data(), previous_row_.data(),
      stride_};
  NearestColumn found = scan_columns(scan);
  if (found.maybe_tied) found.col = tied_column(found.distance);
  if (found.col < 0) throw Error(ErrorKind::failed, "assignment", "the infinite costs leave no complete assignment");
  distance = found.distance;
  return found.col;
}

/// Among equally near columns SciPy's order decides. It walks a list that starts as m-1 … 0 and in which each scanned
/// column was replaced by the list's last one; the last free column wins, else the first one. Returns -1 for none.
Index AssignmentSolver::tied_column(double distance) const {
  std::vector<Index> open(static_cast<std::size_t>(cols_)), place(open.size());
  for (Index i = 0; i < cols_; ++i) open[i] = place[i] = cols_ - 1 - i;
  for (const auto& [col, ignored] : scanned_) {
    open[place[col]] = open.back();
    place[open.back()] = place[col];
    open.pop_back();
  }
  Index found = -1;
  for (const Index col : open) {
    if (distance_[col] == distance && (found < 0 || row_of_col_[col] < 0)) found = col;
  }
  return found;
}

std::vector<AssignedPair> linear_assignment(const CostView& cost, bool maximize) {
  return AssignmentSolver().solve(cost, maximize);
}

std::vector<std::vector<AssignedPair>> linear_assignment(std::span<const CostView> costs, int threads, bool maximize) {
  std::vector<std::vector<AssignedPair>> results(costs.size());
  parallel_for(costs.size(), threads, [&](std::size_t i) { results[i] = linear_assignment(costs[i], maximize); });
  return results;
}

}  // namespace vitral
