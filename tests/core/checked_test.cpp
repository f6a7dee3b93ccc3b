#include "common/core/checked.h"

#include <gtest/gtest.h>

#include <vector>

namespace vitral {
namespace {

constexpr std::int64_t k2to62 = std::int64_t{1} << 62;

std::optional<std::uint64_t> numel(std::vector<std::int64_t> shape) {
  return checked_numel(shape);
}

TEST(Checked, Add) {
  EXPECT_EQ(checked_add(1, 2), 3u);
  EXPECT_EQ(checked_add(UINT64_MAX, 0), UINT64_MAX);
  EXPECT_EQ(checked_add(UINT64_MAX, 1), std::nullopt);
}

TEST(Checked, Multiply) {
  EXPECT_EQ(checked_mul(3, 4), 12u);
  EXPECT_EQ(checked_mul(0, UINT64_MAX), 0u);
  EXPECT_EQ(checked_mul(std::uint64_t{1} << 32, std::uint64_t{1} << 32), std::nullopt);
  EXPECT_EQ(checked_mul(3, 0x5555555555555556), std::nullopt);
}

TEST(Checked, NumberOfElements) {
  EXPECT_EQ(numel({}), 1u);
  EXPECT_EQ(numel({2, 3, 4}), 24u);
  EXPECT_EQ(numel({0}), 0u);
  EXPECT_EQ(numel({2, 0, 4}), 0u);
  EXPECT_EQ(numel({INT64_MAX}), static_cast<std::uint64_t>(INT64_MAX));
  EXPECT_EQ(numel({-1}), std::nullopt);
  EXPECT_EQ(numel({-1, 0}), std::nullopt);
  EXPECT_EQ(numel({k2to62, 2}), std::nullopt) << "past 63 bits";
  EXPECT_EQ(numel({k2to62, 4}), std::nullopt) << "wraps to 0";
  EXPECT_EQ(numel({0, k2to62, 4}), std::nullopt) << "a zero excuses nothing";
  EXPECT_EQ(numel({k2to62, 4, 0}), std::nullopt);
}

}  // namespace
}  // namespace vitral
