/// Linear assignment: the cheapest way to give every row a column of its own (or every column a row).
///
/// Successive shortest augmenting paths after Jonker and Volgenant (1987), in the rectangular form of Crouse, "On
/// implementing 2D rectangular assignment algorithms" (IEEE TAES 2016, section III). O(min(n, m)^2 max(n, m)) time.
/// Sums are formed and ties are broken in the order that SciPy's `linear_sum_assignment` uses, so the pairs are the
/// same.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

namespace vitral {

using CostMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A view of costs; rows may lie apart, so that a block of columns of a larger matrix needs no copy.
using CostView = Eigen::Ref<const CostMatrix, 0, Eigen::OuterStride<>>;

struct AssignedPair {
  Eigen::Index row, col;
  bool operator==(const AssignedPair&) const = default;
};

/// Solves one problem after the other and keeps its memory between them. Not thread-safe: one solver a thread.
class AssignmentSolver {
 public:
  /// cost [n, m], any unit -> min(n, m) pairs by rising row with the least sum (with `maximize`: the greatest).
  /// A cost of +inf (with `maximize`: -inf) forbids its pair. An empty matrix gives no pairs.
  /// Throws Error(failed) where an entry is NaN or an infinity of the other sign, and where the forbidden pairs leave
  /// no complete assignment.
  std::vector<AssignedPair> solve(const CostView& cost, bool maximize = false);

 private:
  void load(const CostView& cost, bool transposed, bool maximize);
  void augment(Eigen::Index row);
  Eigen::Index shortest_path_end(Eigen::Index row, double& length);
  Eigen::Index nearest_column(Eigen::Index row, double base, double& distance);
  Eigen::Index tied_column(double distance) const;

  struct Scanned {
    Eigen::Index col;
    double distance;
  };
  Eigen::Index rows_ = 0, cols_ = 0, stride_ = 0;        // rows_ <= cols_ <= stride_, a multiple of the vector length
  std::vector<double> cost_;                             // [rows_, stride_], padded with +inf
  std::vector<double> row_dual_, col_dual_, open_dual_;  // open_dual_: col_dual_, and -inf once a column is scanned
  std::vector<double> distance_;                         // from the row that is being placed; +inf once scanned
  std::vector<std::int64_t> previous_row_;               // on the shortest path to a column
  std::vector<Eigen::Index> row_of_col_, col_of_row_;    // -1: free
  std::vector<Scanned> scanned_;                         // in the order in which the columns were reached
};

/// AssignmentSolver::solve for a single problem.
std::vector<AssignedPair> linear_assignment(const CostView& cost, bool maximize = false);

/// Independent problems side by side on `threads` threads (0: as many as the machine has); result i belongs to
/// costs[i].
std::vector<std::vector<AssignedPair>> linear_assignment(std::span<const CostView> costs, int threads,
                                                         bool maximize = false);

}  // namespace vitral
