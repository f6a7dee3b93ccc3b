#include "video/tracking/association.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace vitral {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// The least sum of cost - limit over every way to pair up, by trying each row's columns in turn.
double least_sum(std::size_t row, std::size_t rows, std::vector<bool>& used, const std::vector<PossiblePair>& possible,
                 double limit) {
  if (row == rows) return 0.0;
  double least = least_sum(row + 1, rows, used, possible, limit);
  for (const auto& pair : possible) {
    if (pair.row != row || used[pair.col] || pair.cost > limit) continue;
    used[pair.col] = true;
    least = std::min(least, pair.cost - limit + least_sum(row + 1, rows, used, possible, limit));
    used[pair.col] = false;
  }
  return least;
}

TEST(Association, IsTheCheapestOfAll) {
  std::mt19937 random(1);
  for (int i = 0; i < 3'000; ++i) {
    const std::size_t rows = random() % 6, cols = random() % 6;
    std::vector<PossiblePair> possible;
    for (std::uint32_t row = 0; row < rows; ++row) {
      for (std::uint32_t col = 0; col < cols; ++col) {
        // Sixteenths add up exactly; few of them make ties, and some lie at the limit and beyond.
        if (random() % 3 != 0) possible.push_back({row, col, static_cast<double>(random() % 16) / 16});
      }
    }
    std::shuffle(possible.begin(), possible.end(), random);
    const double limit = 0.75;
    const Association found = associate(rows, cols, possible, limit);
    double sum = 0;
    std::vector<bool> row_used(rows), col_used(cols);
    for (const auto& [row, col] : found.pairs) {
      const auto pair =
          std::find_if(possible.begin(), possible.end(), [&, row = row, col = col](const auto& p) { return p.row == row && p.col == col; });
      ASSERT_TRUE(pair != possible.end() && pair->cost <= limit);
      ASSERT_FALSE(row_used[row] || col_used[col]);
      row_used[row] = col_used[col] = true;
      sum += pair->cost - limit;
    }
    std::vector<bool> used(cols);
    ASSERT_EQ(sum, least_sum(0, rows, used, possible, limit));
    for (const auto row : found.free_rows) EXPECT_FALSE(row_used[row]);
    for (const auto col : found.free_cols) EXPECT_FALSE(col_used[col]);
    EXPECT_EQ(found.free_rows.size() + found.pairs.size(), rows);
    EXPECT_EQ(found.free_cols.size() + found.pairs.size(), cols);
  }
}

TEST(Association, NothingToPair) {
  const Association none = associate(2, 3, {}, 1.0);
  EXPECT_THAT(none.pairs, IsEmpty());
  EXPECT_THAT(none.free_rows, ElementsAre(0u, 1u));
  EXPECT_THAT(none.free_cols, ElementsAre(0u, 1u, 2u));
  EXPECT_THAT(associate(0, 0, {}, 1.0).pairs, IsEmpty());
}

TEST(Association, OverlapCountsBothEdgePixels) {
  const std::vector<Box> rows{{0, 0, 9, 9}, {100, 0, 109, 9}},
      cols{{200, 0, 210, 10}, {5, 0, 14, 9}, {10, 0, 19, 9}, {9, 9, 20, 20}};
  const auto pairs = overlapping_pairs(rows, cols);
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(pairs[0].col, 1u);
  EXPECT_FLOAT_EQ(static_cast<float>(pairs[0].cost), 1 - 50.0f / 150.0f);
  EXPECT_EQ(pairs[1].col, 3u);
  EXPECT_FLOAT_EQ(static_cast<float>(pairs[1].cost), 1 - 1.0f / (100 + 144 - 1));
}

}  // namespace
}  // namespace vitral
