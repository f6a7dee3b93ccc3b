#include "video/tracking/association.h"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace vitral {
namespace {

struct PixelBox {
  float left, top, right, bottom, area;
  explicit PixelBox(const Box& box)
      : left(static_cast<float>(box.xmin)),
        top(static_cast<float>(box.ymin)),
        right(static_cast<float>(box.xmax)),
        bottom(static_cast<float>(box.ymax)),
        area((right - left + 1) * (bottom - top + 1)) {}
};

float overlap(const PixelBox& a, const PixelBox& b) {
  const float width = std::min(a.right, b.right) - std::max(a.left, b.left) + 1;
  const float height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top) + 1;
  if (width <= 0 || height <= 0) return 0.0f;
  return width * height / (a.area + b.area - width * height);
}

/// Disjoint sets of rows and columns; the columns are numbered on from the rows.
class Groups {
 public:
  explicit Groups(std::size_t count) : parent_(count) { std::iota(parent_.begin(), parent_.end(), 0u); }
  std::uint32_t of(std::uint32_t member) {
    while (parent_[member] != member) member = parent_[member] = parent_[parent_[member]];
    return member;
  }
  void join(std::uint32_t a, std::uint32_t b) { parent_[of(b)] = of(a); }

 private:
  std::vector<std::uint32_t> parent_;
};

/// Numbers the rows (or columns) of one group 0, 1, … in the order in which they are asked for.
class Places {
 public:
  explicit Places(std::size_t count) : place_(count, -1) {}
  Eigen::Index of(std::uint32_t member) {
    if (place_[member] < 0) {
      place_[member] = static_cast<Eigen::Index>(members_.size());
      members_.push_back(member);
    }
    return place_[member];
  }
  std::uint32_t member(Eigen::Index place) const { return members_[static_cast<std::size_t>(place)]; }
  Eigen::Index size() const { return static_cast<Eigen::Index>(members_.size()); }
  void start_group() { members_.clear(); }

 private:
  std::vector<Eigen::Index> place_;  // a member belongs to one group only, so that no place needs to be taken back
  std::vector<std::uint32_t> members_;
};

/// Solves one group after the other and collects the pairs.
class Associator {
 public:
  Associator(std::size_t rows, std::size_t cols, double limit) : limit_(limit), rows_(rows), cols_(cols) {}

  void solve(std::span<const PossiblePair> group) {
    if (group.size() == 1) {
      pairs.push_back({group[0].row, group[0].col});
      return;
    }
    rows_.start_group();
    cols_.start_group();
    for (const auto& pair : group) rows_.of(pair.row), cols_.of(pair.col);
    // What may not be formed costs as much as leaving both alone: nothing.
    cost_.setZero(rows_.size(), cols_.size());
    possible_.setZero(rows_.size(), cols_.size());
    for (const auto& pair : group) {
      const auto row = rows_.of(pair.row), col = cols_.of(pair.col);
      cost_(row, col) = pair.cost - limit_;
      possible_(row, col) = true;
    }
    for (const auto& [row, col] : solver_.solve(cost_)) {
      if (possible_(row, col)) pairs.push_back({rows_.member(row), cols_.member(col)});
    }
  }

  std::vector<AssignedPair> pairs;

 private:
  double limit_;
  Places rows_, cols_;
  AssignmentSolver solver_;
  CostMatrix cost_;
  Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> possible_;
};

std::vector<std::uint32_t> unused(const std::vector<bool>& used) {
  std::vector<std::uint32_t> indices;
  for (std::uint32_t i = 0; i < used.size(); ++i) {
    if (!used[i]) indices.push_back(i);
  }
  return indices;
}

}  // namespace

std::vector<PossiblePair> overlapping_pairs(std::span<const Box> rows, std::span<const Box> cols) {
  const std::vector<PixelBox> other(cols.begin(), cols.end());
  std::vector<PossiblePair> pairs;
  for (std::uint32_t row = 0; row < rows.size(); ++row) {
    const PixelBox own(rows[row]);
    for (std::uint32_t col = 0; col < other.size(); ++col) {
      const float shared = overlap(own, other[col]);
      if (shared > 0) pairs.push_back({row, col, 1 - shared});
    }
  }
  return pairs;
}

Association associate(std::size_t rows, std::size_t cols, std::span<const PossiblePair> possible, double limit) {
  std::vector<PossiblePair> pairs;
  std::copy_if(possible.begin(), possible.end(), std::back_inserter(pairs),
               [&](const auto& p) { return p.cost <= limit; });
  Groups groups(rows + cols);
  for (const auto& pair : pairs) groups.join(pair.row, static_cast<std::uint32_t>(rows + pair.col));
  const auto group_of = [&](const PossiblePair& pair) { return groups.of(pair.row); };
  std::stable_sort(pairs.begin(), pairs.end(), [&](const auto& a, const auto& b) { return group_of(a) < group_of(b); });

  Associator associator(rows, cols, limit);
  for (std::size_t first = 0, end = 0; first < pairs.size(); first = end) {
    while (end < pairs.size() && group_of(pairs[end]) == group_of(pairs[first])) ++end;
    associator.solve(std::span(pairs).subspan(first, end - first));
  }
  Association result;
  result.pairs = std::move(associator.pairs);
  std::sort(result.pairs.begin(), result.pairs.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
  std::vector<bool> row_used(rows), col_used(cols);
  for (const auto& [row, col] : result.pairs) row_used[row] = col_used[col] = true;
  result.free_rows = unused(row_used);
  result.free_cols = unused(col_used);
  return result;
}

}  // namespace vitral
