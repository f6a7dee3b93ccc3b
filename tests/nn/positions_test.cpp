#include "common/nn/positions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/support/source_dir.h"
#include "tests/support/tensors.h"

namespace vitral::nn {
namespace {

using test::expect_close;

nlohmann::json golden() {
  std::ifstream file(test::source_dir() + "/tests/golden/positions.json");
  return nlohmann::json::parse(file);
}

at::Tensor tensor_of(const nlohmann::json& values, at::IntArrayRef shape) {
  return at::tensor(values.get<std::vector<double>>()).to(at::kFloat).reshape(shape);
}

TEST(Positions, ResampleAsEachOriginDoes) {
  const std::map<std::string, PositionResample> rules{{"timm", PositionResample::timm},
                                                      {"torchvision", PositionResample::torchvision},
                                                      {"transformers", PositionResample::transformers},
                                                      {"jax", PositionResample::jax}};
  std::size_t cases = 0;
  const auto numbers = golden();
  for (const auto& item : numbers.at("resample")) {
    const std::int64_t from = item.at("from"), to = item.at("to");
    const auto table = at::sin(at::arange((from * from + 1) * 3, at::kFloat) * 0.37).reshape({1, from * from + 1, 3});
    const auto ours = resample_positions(table, {from, from}, {to, to}, 1, rules.at(item.at("rule")));
    SCOPED_TRACE(item.at("rule").get<std::string>());
    expect_close(ours, tensor_of(item.at("values"), {1, to * to + 1, 3}), 1e-5);
    ++cases;
  }
  EXPECT_EQ(cases, 12u);
}

TEST(Positions, SameGridIsTheSameTable) {
  const auto table = at::randn({1, 10, 4});
  EXPECT_TRUE(resample_positions(table, {3, 3}, {3, 3}, 1, PositionResample::timm).is_same(table));
}

TEST(Positions, SinusoidsOfDetrCountOnlyUnpaddedCells) {
  auto padding = at::zeros({1, 3, 4}, at::kBool);
  padding.slice(1, 2).fill_(true);
  padding.slice(2, 3).fill_(true);
  expect_close(sine_positions_2d(padding, 8), tensor_of(golden().at("sine"), {1, 8, 3, 4}), 1e-5);
}

TEST(Positions, SinusoidsInOneDimensionAreThePapers) {
  const auto table = sine_positions_1d(5, 6);
  for (std::int64_t position = 0; position < 5; ++position) {
    for (std::int64_t i = 0; i < 3; ++i) {
      const double angle = static_cast<double>(position) / std::pow(10000.0, 2.0 * static_cast<double>(i) / 6.0);
      EXPECT_NEAR(table[position][2 * i].item<double>(), std::sin(angle), 1e-6);
      EXPECT_NEAR(table[position][2 * i + 1].item<double>(), std::cos(angle), 1e-6);
    }
  }
}

}  // namespace
}  // namespace vitral::nn
