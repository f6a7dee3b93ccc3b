#include "common/nn/deformable.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/core/error.h"
#include "tests/support/hashed.h"
#include "tests/support/tensors.h"

namespace vitral::nn {
namespace {

struct Inputs {
  std::vector<MapSize> levels{{5, 7}, {3, 4}};
  at::Tensor value = test::hashed({2, 47, 3, 4}, 1);
  at::Tensor locations = test::hashed({2, 6, 3, 2, 5, 2}, 2, 0.5, 1.6);  // some outside the maps
  at::Tensor weights = at::softmax(test::hashed({2, 6, 3, 10}, 3, 0, 4), -1).view({2, 6, 3, 2, 5});
};

/// The pixel (row, column) of a level of one head, or zeros beyond the edge.
at::Tensor pixel(const Inputs& in, std::int64_t b, std::int64_t h, std::size_t level, double row, double column) {
  const auto [height, width] = in.levels[level];
  if (row < 0 || column < 0 || row >= static_cast<double>(height) || column >= static_cast<double>(width)) {
    return at::zeros({4}, at::kDouble);
  }
  const std::int64_t begin = level == 0 ? 0 : 35;
  return in.value[b][begin + static_cast<std::int64_t>(row) * width + static_cast<std::int64_t>(column)][h].to(
      at::kDouble);
}

/// One sample in plain arithmetic.
at::Tensor sample(const Inputs& in, std::int64_t b, std::int64_t h, std::size_t level, double x, double y,
                  Sampling how) {
  const auto height = static_cast<double>(in.levels[level][0]), width = static_cast<double>(in.levels[level][1]);
  if (how == Sampling::discrete) {
    const double column = std::clamp(std::floor(x * width + 0.5), 0.0, width - 1);
    const double row = std::clamp(std::floor(y * height + 0.5), 0.0, height - 1);
    return pixel(in, b, h, level, row, column);
  }
  const double column = x * width - 0.5, row = y * height - 0.5;
  const double left = std::floor(column), top = std::floor(row), right = column - left, below = row - top;
  return pixel(in, b, h, level, top, left) * ((1 - below) * (1 - right)) +
         pixel(in, b, h, level, top, left + 1) * ((1 - below) * right) +
         pixel(in, b, h, level, top + 1, left) * (below * (1 - right)) +
         pixel(in, b, h, level, top + 1, left + 1) * (below * right);
}

at::Tensor by_hand(const Inputs& in, Sampling how) {
  auto result = at::zeros({2, 6, 3, 4}, at::kDouble);
  for (std::int64_t b = 0; b < 2; ++b) {
    for (std::int64_t q = 0; q < 6; ++q) {
      for (std::int64_t h = 0; h < 3; ++h) {
        for (std::int64_t l = 0; l < 2; ++l) {
          for (std::int64_t p = 0; p < 5; ++p) {
            const auto place = in.locations[b][q][h][l][p];
            const double x = place[0].item<double>(), y = place[1].item<double>();
            result[b][q][h] +=
                sample(in, b, h, static_cast<std::size_t>(l), x, y, how) * in.weights[b][q][h][l][p].item<double>();
          }
        }
      }
    }
  }
  return result.view({2, 6, 12});
}

TEST(DeformableAttend, IsTheWeightedSumOfItsSamples) {
  const Inputs in;
  for (const auto how : {Sampling::bilinear, Sampling::discrete}) {
    for (const auto& attend : {deformable_attend, deformable_attend_plain}) {
      const auto ours = attend(in.value, in.levels, in.locations, in.weights, how);
      test::expect_close(ours.to(at::kDouble), by_hand(in, how), 1e-5);
    }
  }
}

TEST(DeformableAttend, HasGradients) {
  Inputs in;
  for (auto* each : {&in.value, &in.locations, &in.weights}) each->requires_grad_(true);
  deformable_attend(in.value, in.levels, in.locations, in.weights, Sampling::bilinear).square().sum().backward();
  for (const auto& each : {in.value, in.locations, in.weights}) EXPECT_GT(each.grad().abs().sum().item<double>(), 0);
}

TEST(DeformableAttend, KeepsTheTypeOfTheValues) {
  const Inputs in;
  const auto half =
      deformable_attend(in.value.to(at::kBFloat16), in.levels, in.locations, in.weights, Sampling::bilinear);
  EXPECT_EQ(half.scalar_type(), at::kBFloat16);
  test::expect_close(half.to(at::kFloat), by_hand(in, Sampling::bilinear).to(at::kFloat), 1e-2);
}

// Head widths around the registers', in every format, with points that are no numbers: those give nothing.
TEST(DeformableAttend, KernelEqualsItsPlainTwin) {
  const std::vector<MapSize> levels{{9, 13}, {5, 7}, {1, 3}};
  auto locations = test::hashed({2, 33, 4, 3, 4, 2}, 2, 0.5, 1.6);
  const auto weights = at::softmax(test::hashed({2, 33, 4, 12}, 3, 0, 4), -1).view({2, 33, 4, 3, 4});
  for (const std::int64_t dim : {1, 7, 16, 24, 32, 40, 64}) {
    const auto value = test::hashed({2, token_count(levels), 4, dim}, 1);
    for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf}) {
      for (const auto how : {Sampling::bilinear, Sampling::discrete}) {
        SCOPED_TRACE(std::to_string(dim) + " " + c10::toString(type));
        const auto typed = value.to(type);
        test::expect_close(deformable_attend(typed, levels, locations, weights, how).to(at::kFloat),
                           deformable_attend_plain(typed, levels, locations, weights, how).to(at::kFloat),
                           type == at::kFloat ? 1e-5 : 1e-2);
      }
    }
  }
  locations.fill_(std::nan(""));
  const auto nothing = deformable_attend(test::hashed({2, token_count(levels), 4, 32}, 1), levels, locations, weights,
                                         Sampling::bilinear);
  EXPECT_EQ(nothing.abs().max().item<float>(), 0);
}

TEST(DeformableAttend, RefusesWhatDoesNotFit) {
  const Inputs in;
  const std::vector<MapSize> others{{5, 7}, {3, 5}};
  EXPECT_THROW(deformable_attend(in.value, others, in.locations, in.weights, Sampling::bilinear), Error);
}

}  // namespace
}  // namespace vitral::nn
