#include "swin/window.h"

#include <gtest/gtest.h>

#include "tests/support/tensors.h"

namespace vitral::swin {
namespace {

struct Case {
  Size map, window, shift;
  Convention convention;
};

std::int64_t padded(std::int64_t side, std::int64_t window) {
  return (side + window - 1) / window * window;
}

at::Tensor pad(const at::Tensor& map, const Size& window) {
  const std::int64_t rows = padded(map.size(0), window[0]), columns = padded(map.size(1), window[1]);
  return at::constant_pad_nd(map, {0, columns - map.size(1), 0, rows - map.size(0)}, -1);
}

at::Tensor partition(const at::Tensor& map, const Size& window) {
  return map.view({map.size(0) / window[0], window[0], map.size(1) / window[1], window[1]})
      .transpose(1, 2)
      .reshape({-1, window[0] * window[1]});
}

/// The table by rolling, padding and cutting a map of token numbers, as the libraries do with activations.
at::Tensor expected_tokens(const Case& c) {
  const auto map = at::arange(c.map[0] * c.map[1]).view({c.map[0], c.map[1]});
  const auto roll = [&](const at::Tensor& x) { return at::roll(x, {-c.shift[0], -c.shift[1]}, {0, 1}); };
  return partition(c.convention == Convention::timm ? pad(roll(map), c.window) : roll(pad(map, c.window)), c.window);
}

/// The regions that the libraries number with slices of three a side.
at::Tensor expected_mask(const Case& c, double between) {
  auto regions = at::zeros({padded(c.map[0], c.window[0]), padded(c.map[1], c.window[1])});
  const auto number = [&](std::int64_t place, std::int64_t side, std::size_t axis) {
    if (c.shift[axis] == 0) return std::int64_t{2};
    return std::int64_t{place >= side - c.window[axis]} + std::int64_t{place >= side - c.shift[axis]};
  };
  for (std::int64_t y = 0; y < regions.size(0); ++y) {
    for (std::int64_t x = 0; x < regions.size(1); ++x) {
      regions[y][x] = 3 * number(y, regions.size(0), 0) + number(x, regions.size(1), 1);
    }
  }
  const auto windows = partition(regions, c.window);
  return windows.unsqueeze(1).ne(windows.unsqueeze(2)).to(at::kFloat) * between;
}

class Layout : public testing::TestWithParam<Case> {};

TEST_P(Layout, EqualsRollingAndCutting) {
  const Case& c = GetParam();
  const auto layout = lay_out(c.map, {c.window, c.shift}, true, c.convention, true, at::kCPU);
  const auto tokens = expected_tokens(c);
  test::expect_equal(layout.table.tokens.to(at::kLong), tokens);
  EXPECT_EQ(layout.table.padded, tokens.lt(0).any().item<bool>());

  const double between = c.convention == Convention::transformers ? -200 : -100;
  const auto mask = expected_mask(c, between);
  const auto ours =
      layout.masks.defined() ? layout.masks.squeeze(1).index_select(0, layout.table.mask_kind) : at::zeros_like(mask);
  test::expect_equal(ours, mask);
}

TEST_P(Layout, GathersAndScattersBack) {
  const Case& c = GetParam();
  const auto table = lay_out(c.map, {c.window, c.shift}, true, c.convention, true, at::kCPU).table;
  const auto tokens = at::arange(c.map[0] * c.map[1]);
  const auto with_padding = at::cat({tokens, at::full({1}, -1)});
  const auto gathered = with_padding.index_select(0, table.gather);
  test::expect_equal(gathered.view_as(table.tokens), table.tokens.to(at::kLong));
  test::expect_equal(gathered.index_select(0, table.scatter), tokens);
}

INSTANTIATE_TEST_SUITE_P(Maps, Layout,
                         testing::Values(Case{{8, 8}, {4, 4}, {2, 2}, Convention::timm},
                                         Case{{8, 8}, {4, 4}, {2, 2}, Convention::torchvision},
                                         Case{{8, 8}, {4, 4}, {0, 0}, Convention::timm},
                                         Case{{9, 14}, {4, 4}, {2, 2}, Convention::timm},
                                         Case{{9, 14}, {4, 4}, {2, 2}, Convention::torchvision},
                                         Case{{9, 14}, {4, 4}, {2, 2}, Convention::transformers},
                                         Case{{13, 10}, {7, 7}, {3, 3}, Convention::original},
                                         Case{{3, 11}, {3, 5}, {0, 2}, Convention::timm},
                                         Case{{11, 3}, {5, 3}, {2, 0}, Convention::timm},
                                         Case{{1, 5}, {1, 2}, {0, 1}, Convention::timm}));

TEST(Layout, StraightBlocksMaskNothing) {
  const auto layout = lay_out({8, 8}, {{4, 4}, {2, 2}}, false, Convention::timm, false, at::kCPU);
  EXPECT_FALSE(layout.masks.defined());
  EXPECT_EQ(layout.table.mask_kind.max().item<int>(), 0);
}

TEST(Layout, CoveredSidesAreNotShifted) {
  const Window window{{4, 4}, {2, 2}};
  const auto shift_of = [&](const Size& map, Convention convention) {
    const auto first = lay_out(map, window, true, convention, false, at::kCPU).table.tokens.flatten()[0].item<int>();
    return Size{first / map[1], first % map[1]};
  };
  EXPECT_EQ(shift_of({4, 8}, Convention::torchvision), (Size{0, 2}));
  EXPECT_EQ(shift_of({4, 8}, Convention::transformers), (Size{0, 0}));
  EXPECT_EQ(shift_of({4, 8}, Convention::original), (Size{0, 0}));
  EXPECT_EQ(shift_of({8, 8}, Convention::original), (Size{2, 2}));
}

TEST(Window, FitsTheMapByEachConvention) {
  const auto fit = [](const Size& map, Convention convention, bool v2 = false) {
    const auto window = fit_window(7, map, convention, v2);
    return std::array<std::int64_t, 4>{window.size[0], window.size[1], window.shift[0], window.shift[1]};
  };
  using Four = std::array<std::int64_t, 4>;
  EXPECT_EQ(fit({14, 14}, Convention::timm), (Four{7, 7, 3, 3}));
  EXPECT_EQ(fit({7, 14}, Convention::timm), (Four{7, 7, 0, 3}));
  EXPECT_EQ(fit({5, 14}, Convention::timm), (Four{5, 7, 0, 3}));
  EXPECT_EQ(fit({5, 14}, Convention::torchvision), (Four{7, 7, 3, 3}));
  EXPECT_EQ(fit({14, 5}, Convention::original), (Four{5, 5, 0, 0}));
  EXPECT_EQ(fit({14, 5}, Convention::transformers), (Four{5, 5, 3, 3}));  // whether to shift is asked of every map anew
  EXPECT_EQ(fit({14, 5}, Convention::transformers, true), (Four{7, 7, 3, 3}));
  EXPECT_EQ(fit({5, 14}, Convention::transformers, true), (Four{5, 5, 0, 0}));
}

TEST(Convention, ComesFromTheOrigin) {
  EXPECT_EQ(convention_of(""), Convention::timm);
  EXPECT_EQ(convention_of("timm"), Convention::timm);
  EXPECT_EQ(convention_of("torchvision"), Convention::torchvision);
  EXPECT_EQ(convention_of("hf"), Convention::transformers);
  EXPECT_EQ(convention_of("original"), Convention::original);
}

}  // namespace
}  // namespace vitral::swin
