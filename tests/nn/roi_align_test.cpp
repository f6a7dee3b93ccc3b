#include "common/nn/roi_align.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/core/error.h"
#include "common/nn/nms.h"
#include "tests/support/hashed.h"
#include "tests/support/source_dir.h"
#include "tests/support/tensors.h"

namespace vitral::nn {
namespace {

struct Case {
  at::Tensor map, rois, pooled;
  double scale;
  RoiAlignOptions options;
};

std::vector<Case> golden() {
  std::ifstream file(test::source_dir() + "/tests/golden/cnn_detectors.json");
  std::vector<Case> cases;
  const auto all = nlohmann::json::parse(file);
  for (const auto& each : all.at("roi_align")) {
    Case result;
    result.scale = each.at("scale");
    const auto number = [&each](const char* name, std::size_t i) { return each.at(name)[i].get<std::int64_t>(); };
    result.options = {number("bins", 0), number("bins", 1), each.at("sampling").get<std::int64_t>(),
                      each.at("aligned").get<bool>()};
    result.map = test::hashed({2, 5, number("size", 0), number("size", 1)}, 1, 0.0, 2.0);
    result.rois = at::tensor(each.at("rois").get<std::vector<double>>()).to(at::kFloat).view({-1, 5});
    result.pooled = at::tensor(each.at("pooled").get<std::vector<double>>())
                        .to(at::kFloat)
                        .view({-1, 5, result.options.bins_high, result.options.bins_wide});
    cases.push_back(std::move(result));
  }
  return cases;
}

/// One sample after another, in double precision, as the definition reads.
double sample(const at::Tensor& map, double y, double x) {
  const auto height = static_cast<double>(map.size(0)), width = static_cast<double>(map.size(1));
  if (y < -1 || y > height || x < -1 || x > width) return 0;
  y = std::min(std::max(y, 0.0), height - 1);
  x = std::min(std::max(x, 0.0), width - 1);
  double sum = 0;
  for (const double row : {std::floor(y), std::floor(y) + 1}) {
    for (const double column : {std::floor(x), std::floor(x) + 1}) {
      const double weight = (1 - std::abs(y - row)) * (1 - std::abs(x - column));
      if (weight <= 0) continue;
      sum += weight * map[static_cast<std::int64_t>(row)][static_cast<std::int64_t>(column)].item<double>();
    }
  }
  return sum;
}

at::Tensor twin(const Case& c) {
  auto out = at::zeros({c.rois.size(0), c.map.size(1), c.options.bins_high, c.options.bins_wide}, at::kDouble);
  for (std::int64_t r = 0; r < c.rois.size(0); ++r) {
    const auto number = [&](std::int64_t i) { return c.rois[r][i].item<double>(); };
    const double shift = c.options.aligned ? 0.5 : 0;
    const double left = number(1) * c.scale - shift, top = number(2) * c.scale - shift;
    double width = (number(3) - number(1)) * c.scale, height = (number(4) - number(2)) * c.scale;
    if (!c.options.aligned) width = std::max(width, 1.0), height = std::max(height, 1.0);
    const double bin_wide = width / static_cast<double>(c.options.bins_wide),
                 bin_high = height / static_cast<double>(c.options.bins_high);
    const bool fixed = c.options.sampling_ratio > 0;
    const auto rows = fixed ? c.options.sampling_ratio : static_cast<std::int64_t>(std::ceil(bin_high));
    const auto columns = fixed ? c.options.sampling_ratio : static_cast<std::int64_t>(std::ceil(bin_wide));
    for (std::int64_t k = 0; k < c.map.size(1); ++k) {
      const auto map = c.map[static_cast<std::int64_t>(number(0))][k];
      for (std::int64_t i = 0; i < c.options.bins_high * c.options.bins_wide; ++i) {
        const auto bin_y = static_cast<double>(i / c.options.bins_wide),
                   bin_x = static_cast<double>(i % c.options.bins_wide);
        double sum = 0;
        for (std::int64_t s = 0; s < rows * columns; ++s) {
          const double y = (static_cast<double>(s / columns) + 0.5) / static_cast<double>(rows);
          const double x = (static_cast<double>(s % columns) + 0.5) / static_cast<double>(columns);
          sum += sample(map, top + (bin_y + y) * bin_high, left + (bin_x + x) * bin_wide);
        }
        out[r][k].view({-1})[i] = sum / std::max<double>(1, static_cast<double>(rows * columns));
      }
    }
  }
  return out;
}

TEST(RoiAlign, EqualsTorchvision) {
  const auto cases = golden();
  ASSERT_EQ(cases.size(), 4U);
  for (const auto& c : cases) {
    test::expect_close(roi_align(c.map, c.rois, c.scale, c.options), c.pooled, 1e-6);
    test::expect_close(roi_align_plain(c.map, c.rois, c.scale, c.options), c.pooled, 1e-6);
  }
}

TEST(RoiAlign, EqualsItsDefinition) {
  for (const auto& c : golden()) test::expect_close(roi_align(c.map, c.rois, c.scale, c.options), twin(c), 1e-5);
}

TEST(RoiAlign, LayoutAndThreadsDoNotMatter) {
  for (const auto& c : golden()) {
    const auto expected = roi_align(c.map, c.rois, c.scale, c.options);
    test::expect_equal(roi_align(c.map.contiguous(at::MemoryFormat::ChannelsLast), c.rois, c.scale, c.options),
                       expected);
    for (std::int64_t i = 0; i < c.rois.size(0); ++i) {
      test::expect_equal(roi_align(c.map, c.rois.narrow(0, i, 1), c.scale, c.options), expected.narrow(0, i, 1));
    }
    EXPECT_EQ(roi_align(c.map, c.rois.narrow(0, 0, 0), c.scale, c.options).size(0), 0);
  }
}

TEST(RoiAlign, SeveralMapsGiveEachRegionFromItsOwn) {
  const RoiAlignOptions options{3, 3, 2, false};
  const std::vector<at::Tensor> maps = {test::hashed({2, 4, 16, 12}, 1), test::hashed({2, 4, 8, 6}, 2)};
  const std::vector<double> scales = {0.5, 0.25};
  const auto rois = golden()[2].rois.abs();
  const auto levels = at::arange(rois.size(0), at::kLong).remainder(2);
  const auto pooled = roi_align(maps, rois, levels, scales, options);
  for (std::int64_t i = 0; i < rois.size(0); ++i) {
    const auto level = static_cast<std::size_t>(i % 2);
    test::expect_equal(pooled.narrow(0, i, 1), roi_align(maps[level], rois.narrow(0, i, 1), scales[level], options));
  }
  const std::vector<at::Tensor> learnt = {maps[0].clone().requires_grad_(true), maps[1].clone().requires_grad_(true)};
  const auto differentiable = roi_align(learnt, rois, levels, scales, options);
  test::expect_close(differentiable.detach(), pooled, 1e-6);
  differentiable.square().sum().backward();
  for (const auto& each : learnt) EXPECT_GT(each.grad().abs().sum().item<double>(), 0);
}

TEST(RoiAlign, GradientIsTheSlope) {
  for (const auto& c : golden()) {
    const auto map = c.map.clone().requires_grad_(true);
    const auto weight = test::hashed(c.pooled.sizes(), 5);
    (roi_align(map, c.rois, c.scale, c.options) * weight).sum().backward();
    // Pooling is linear in the map: the slope along any direction is the pooled direction.
    const auto direction = test::hashed(c.map.sizes(), 6);
    const double slope = (map.grad() * direction).sum().item<double>();
    const double expected = (roi_align(direction, c.rois, c.scale, c.options) * weight).sum().item<double>();
    EXPECT_NEAR(slope, expected, 1e-4);
  }
}

TEST(RoiAlign, GradientIsThatOfTheOperators) {
  for (const auto& c : golden()) {
    const auto gradient = [&](at::ScalarType type, const auto& pool) {
      const auto map = c.map.to(type, false, true).requires_grad_(true);  // a copy
      (pool(map, c.rois, c.scale, c.options) * test::hashed(c.pooled.sizes(), 5)).sum().backward();
      EXPECT_EQ(map.grad().scalar_type(), type);
      return map.grad().to(at::kFloat);
    };
    const auto kernel = [](const auto& map, auto&&... rest) { return roi_align(map, rest...); };
    const auto plain =
        gradient(at::kFloat, [](const auto& map, auto&&... rest) { return roi_align_plain(map, rest...); });
    test::expect_close(gradient(at::kFloat, kernel), plain, 1e-5);
    test::expect_close(gradient(at::kBFloat16, kernel), plain, 2e-2);
  }
}

TEST(RoiAlign, RefusesWhatIsNoRegion) {
  const auto map = at::zeros({1, 2, 4, 4});
  const auto region = [](float picture, float right) {
    return at::tensor({picture, 0.0F, 0.0F, right, 4.0F}).view({1, 5});
  };
  EXPECT_THROW(roi_align(map, region(1, 4), 1.0, {}), Error);
  EXPECT_THROW(roi_align(map, region(-1, 4), 1.0, {}), Error);
  EXPECT_THROW(roi_align(map, region(0.5F, 4), 1.0, {}), Error);
  EXPECT_THROW(roi_align(map, region(0, NAN), 1.0, {}), Error);
  EXPECT_THROW(roi_align(map, region(0, INFINITY), 1.0, {}), Error);
  EXPECT_THROW(roi_align(map, region(0, 1e9F), 1.0, {}), Error);
  EXPECT_NO_THROW(roi_align(map, region(0, 4), 1.0, {}));
}

TEST(TensorNms, IsThatOfNumbers) {
  const auto boxes = at::tensor({0, 0, 4, 4, 0, 0, 4, 3, 9, 9, 12, 12}).to(at::kDouble).view({3, 4});
  const auto scores = at::tensor({0.5, 0.7, 0.1}), classes = at::tensor({0, 1, 0}).to(at::kLong);
  test::expect_equal(nms(boxes, scores, 0.5), at::tensor({1, 2}).to(at::kLong));
  test::expect_equal(batched_nms(boxes, scores, classes, 0.5), at::tensor({1, 0, 2}).to(at::kLong));
  EXPECT_EQ(nms(boxes.narrow(0, 0, 0), scores.narrow(0, 0, 0), 0.5).size(0), 0);
}

}  // namespace
}  // namespace vitral::nn
