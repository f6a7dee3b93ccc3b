#include "swin/position_bias.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/swin/support.h"

namespace vitral::swin {
namespace {

TEST(BiasFromTable, LooksUpTheOffsetOfEveryPair) {
  const Size window{3, 4};
  const auto table = test::hashed({5 * 7, 2}, 1);
  const auto bias = bias_from_table(table, window);
  ASSERT_EQ(bias.sizes(), (std::vector<std::int64_t>{2, 12, 12}));
  for (std::int64_t query = 0; query < 12; ++query) {
    for (std::int64_t key = 0; key < 12; ++key) {
      const std::int64_t dy = query / 4 - key / 4, dx = query % 4 - key % 4;
      const std::int64_t row = (dy + 2) * 7 + dx + 3;
      for (std::int64_t head = 0; head < 2; ++head) {
        ASSERT_EQ(bias[head][query][key].item<float>(), table[row][head].item<float>()) << query << " " << key;
      }
    }
  }
}

TEST(BiasFromTable, IsDifferentiable) {
  auto table = test::hashed({9, 1}, 1).requires_grad_();
  bias_from_table(table, {2, 2}).sum().backward();
  // Offset 0 belongs to four pairs, the corners to one each.
  test::expect_equal(table.grad().flatten(), at::tensor({1, 2, 1, 2, 4, 2, 1, 2, 1}).to(at::kFloat));
}

TEST(LogOffsets, FollowTheFormula) {
  const auto offsets = log_offsets({3, 4}, {0, 0});
  ASSERT_EQ(offsets.sizes(), (std::vector<std::int64_t>{35, 2}));
  const auto expected = [](double offset, double scale) {
    const double x = offset / scale * 8;
    return std::copysign(std::log2(1 + std::abs(x)) / 3, x);
  };
  for (std::int64_t row = 0; row < 35; ++row) {
    EXPECT_NEAR(offsets[row][0].item<double>(), expected(static_cast<double>(row / 7 - 2), 2), 1e-6);
    EXPECT_NEAR(offsets[row][1].item<double>(), expected(static_cast<double>(row % 7 - 3), 3), 1e-6);
  }
  EXPECT_NEAR(log_offsets({4, 4}, {3, 3})[0][0].item<double>(), expected(-3, 2), 1e-6);
  EXPECT_EQ(log_offsets({1, 1}, {0, 0}).abs().max().item<double>(), 0);
}

TEST(ResampledTables, EqualTheLibraries) {
  int checked = 0;
  for (const auto& golden : test::swin_golden().at("tables")) {
    const Size from = golden.at("old"), to = golden.at("new");
    const auto table = test::hashed({(2 * from[0] - 1) * (2 * from[1] - 1), 2}, 5, 0, 3);
    const bool geometric = golden.at("rule") == "geometric";
    if (from == to) continue;  // both libraries leave such tables alone
    const auto ours = geometric ? resample_table_geometric(table, from, to) : resample_table_bicubic(table, from, to);
    SCOPED_TRACE(golden.at("rule").get<std::string>() + " " + std::to_string(from[0]) + " -> " + std::to_string(to[0]));
    test::expect_close(ours, test::tensor_of(golden.at("values")), 1e-6);
    ++checked;
  }
  EXPECT_EQ(checked, 7);
}

}  // namespace
}  // namespace vitral::swin
