#include "common/core/assignment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>

#include "common/core/assignment_scan.h"
#include "common/core/error.h"
#include "tests/support/source_dir.h"

namespace vitral {

void PrintTo(const AssignedPair& pair, std::ostream* out) {
  *out << pair.row << "->" << pair.col;
}

namespace {

using Matrix = CostMatrix;
using Eigen::Index;
using testing::HasSubstr;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

double total(const Matrix& cost, const std::vector<AssignedPair>& pairs) {
  double sum = 0.0;
  for (const auto& [row, col] : pairs) sum += cost(row, col);
  return sum;
}

/// The least sum over every way to choose: all ordered selections of columns for the rows.
double least_total(Matrix cost) {
  if (cost.rows() > cost.cols()) cost = cost.transpose().eval();
  std::vector<Index> order(static_cast<std::size_t>(cost.cols()));
  std::iota(order.begin(), order.end(), Index{0});
  double least = kInfinity;
  do {
    double sum = 0.0;
    for (Index row = 0; row < cost.rows(); ++row) sum += cost(row, order[row]);
    least = std::min(least, sum);
    // The columns behind the last row are free: skip the orders that differ only there.
    std::reverse(order.begin() + cost.rows(), order.end());
  } while (std::next_permutation(order.begin(), order.end()));
  return least;
}

void expect_complete(const Matrix& cost, const std::vector<AssignedPair>& pairs) {
  ASSERT_EQ(static_cast<Index>(pairs.size()), std::min(cost.rows(), cost.cols()));
  std::vector<bool> used(static_cast<std::size_t>(cost.cols()));
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    ASSERT_TRUE(i == 0 || pairs[i - 1].row < pairs[i].row);
    ASSERT_FALSE(used[pairs[i].col]) << "column " << pairs[i].col << " twice";
    used[pairs[i].col] = true;
  }
}

Matrix whole_numbers(std::mt19937& random, Index rows, Index cols, int range) {
  return Matrix::NullaryExpr(rows, cols, [&] { return static_cast<double>(random() % range); });
}

/// Error text of a problem that has to be refused.
std::string refusal(const Matrix& cost, bool maximize = false) {
  try {
    linear_assignment(cost, maximize);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::failed);
    return error.what();
  }
  return "accepted";
}

TEST(Assignment, IsTheCheapestOfAllUpToEightByEight) {
  std::mt19937 random(1);
  for (Index rows = 1; rows <= 8; ++rows) {
    for (Index cols = 1; cols <= 8; ++cols) {
      const int repeats = std::max(rows, cols) <= 6 ? 400 : 30;
      for (int i = 0; i < repeats; ++i) {
        // Few distinct values make ties, many make a unique answer; whole numbers make the sums exact.
        const Matrix cost = whole_numbers(random, rows, cols, i % 2 == 0 ? 4 : 1 << 20);
        const auto pairs = linear_assignment(cost);
        expect_complete(cost, pairs);
        ASSERT_EQ(total(cost, pairs), least_total(cost)) << cost;
        const auto greatest = linear_assignment(cost, /*maximize=*/true);
        ASSERT_EQ(-total(cost, greatest), least_total(-cost)) << cost;
      }
    }
  }
}

TEST(Assignment, AvoidsForbiddenPairsOrRefuses) {
  std::mt19937 random(2);
  int refused = 0;
  for (int i = 0; i < 2'000; ++i) {
    Matrix cost = whole_numbers(random, 1 + random() % 6, 1 + random() % 6, 5);
    for (double& entry : cost.reshaped()) {
      if (random() % 5 < 2) entry = kInfinity;
    }
    const double least = least_total(cost);
    if (std::isinf(least)) {
      ++refused;
      ASSERT_THAT(refusal(cost), HasSubstr("no complete assignment")) << cost;
    } else {
      ASSERT_EQ(total(cost, linear_assignment(cost)), least) << cost;
    }
  }
  EXPECT_GT(refused, 100);
  EXPECT_LT(refused, 1'900);
}

TEST(Assignment, EqualsSciPyPairForPair) {
  std::ifstream file(test::source_dir() + "/tests/golden/assignment.json");
  const auto cases = nlohmann::json::parse(file);
  ASSERT_EQ(cases.size(), 50u);
  for (const auto& one : cases) {
    const auto& entries = one["cost"];
    const bool maximize = one["maximize"];
    const Matrix cost = Matrix::NullaryExpr(entries.size(), entries[0].size(), [&](Index row, Index col) {
      const auto& entry = entries[row][col];
      return entry.is_null() ? (maximize ? -kInfinity : kInfinity) : entry.get<double>();
    });
    if (one["pairs"].is_null()) {
      EXPECT_THAT(refusal(cost, maximize), HasSubstr("no complete assignment"));
      continue;
    }
    std::vector<AssignedPair> expected;
    for (const auto& pair : one["pairs"]) expected.push_back({pair[0], pair[1]});
    EXPECT_EQ(linear_assignment(cost, maximize), expected) << cost;
  }
}

TEST(Assignment, RefusesWhatIsNoCost) {
  Matrix cost = Matrix::Ones(3, 5);
  cost(1, 2) = std::nan("");
  EXPECT_EQ(refusal(cost), "assignment: the cost of row 1, column 2 is nan, expected a number or +inf");
  cost(1, 2) = -kInfinity;
  EXPECT_EQ(refusal(cost), "assignment: the cost of row 1, column 2 is -inf, expected a number or +inf");
  EXPECT_EQ(refusal(cost, true), "accepted");
  EXPECT_EQ(refusal(-cost, true), "assignment: the cost of row 1, column 2 is inf, expected a number or -inf");
  EXPECT_EQ(refusal(cost.transpose()), "assignment: the cost of row 2, column 1 is -inf, expected a number or +inf");
}

TEST(Assignment, TakesEmptyAndExtremeCosts) {
  EXPECT_TRUE(linear_assignment(Matrix(0, 4)).empty());
  EXPECT_TRUE(linear_assignment(Matrix(4, 0)).empty());
  const Matrix largest = Matrix::Constant(1, 3, std::numeric_limits<double>::max());
  EXPECT_THAT(linear_assignment(largest), testing::ElementsAre(AssignedPair{0, 0}));
}

TEST(Assignment, TakesABlockOfColumnsWithoutACopy) {
  std::mt19937 random(3);
  const Matrix all = whole_numbers(random, 20, 30, 1'000);
  const Matrix block = all.middleCols(7, 11);
  EXPECT_EQ(linear_assignment(all.middleCols(7, 11)), linear_assignment(block));
}

TEST(Assignment, SolvesABatchAsOneByOne) {
  std::mt19937 random(4);
  std::vector<Matrix> costs;
  for (int i = 0; i < 50; ++i) costs.push_back(whole_numbers(random, 1 + random() % 40, 1 + random() % 40, 9));
  const std::vector<CostView> views(costs.begin(), costs.end());
  AssignmentSolver solver;  // its memory is used again
  for (const int threads : {0, 1, 3, 100}) {
    const auto results = linear_assignment(views, threads);
    ASSERT_EQ(results.size(), costs.size());
    for (std::size_t i = 0; i < costs.size(); ++i) EXPECT_EQ(results[i], solver.solve(costs[i]));
  }
  costs[49](0, 0) = std::nan("");
  EXPECT_THROW(linear_assignment(views, 2), Error);
}

TEST(Assignment, ScanGivesTheSameWithAndWithoutVectors) {
  std::mt19937 random(5);
  std::vector<double> cost, dual;
  const auto draw = [&](double infinite) {
    return random() % 8 == 0 ? infinite : static_cast<double>(random() % 16) / 4.0;
  };
  for (int i = 0; i < 5'000; ++i) {
    const Index size = kScanLanes * static_cast<Index>(1 + random() % 6);
    cost.resize(size), dual.resize(size);
    std::vector<double> distance(size);
    std::vector<std::int64_t> previous(size, -7);
    for (Index col = 0; col < size; ++col)
      cost[col] = draw(kInfinity), dual[col] = 0.5, distance[col] = draw(kInfinity);
    for (double& value : dual) value = draw(value);
    auto plain_distance = distance;
    auto plain_previous = previous;
    const ColumnScan scan{3, 0.25, 0.5, cost.data(), dual.data(), distance.data(), previous.data(), size};
    ColumnScan plain = scan;
    plain.distance = plain_distance.data(), plain.previous_row = plain_previous.data();
    const auto found = scan_columns(scan), expected = scan_columns_plain(plain);
    ASSERT_EQ(distance, plain_distance);
    ASSERT_EQ(previous, plain_previous);
    ASSERT_EQ(found.distance, expected.distance);
    // Which of several equally near columns is named is open, that there are several is not.
    const auto ties = std::count(distance.begin(), distance.end(), expected.distance);
    if (ties > 1) {
      EXPECT_TRUE(found.maybe_tied && expected.maybe_tied);
    } else {
      EXPECT_EQ(found.col, expected.col);
      EXPECT_EQ(found.col >= 0, ties == 1);
    }
  }
}

}  // namespace
}  // namespace vitral
