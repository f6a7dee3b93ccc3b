// The window kernel of this processor against gathering, attend_plain() and scattering.
#include "common/nn/window_attention.h"

#include <gtest/gtest.h>

#include "common/nn/attention.h"
#include "swin/window.h"
#include "tests/support/hashed.h"
#include "tests/support/tensors.h"

namespace vitral::nn {
namespace {

struct Case {
  swin::Size map, window, shift;
  std::int64_t images, heads, dim;
  bool cosine, padding_values;
};

WindowAttendOptions options_of(const Case& c, const swin::WindowLayout& layout, at::ScalarType dtype) {
  const std::int64_t tokens = c.window[0] * c.window[1];
  WindowAttendOptions options;
  options.bias = test::hashed({1, c.heads, tokens, tokens}, 2, 0, 4);
  if (layout.masks.defined()) options.bias = options.bias + layout.masks;
  if (c.padding_values) options.padding = test::hashed({3 * c.heads * c.dim}, 3).to(dtype);
  if (c.cosine) options.head_scale = test::hashed({c.heads}, 4, 12, 8);
  return options;
}

/// One window and one head at a time, by the textbook in fp64.
at::Tensor by_the_textbook(const at::Tensor& qkv, const Case& c, const WindowTable& table,
                           const WindowAttendOptions& options) {
  const std::int64_t channels = c.heads * c.dim;
  const auto padding = options.padding.defined() ? options.padding : at::zeros({3 * channels}, qkv.options());
  auto out = at::zeros({qkv.size(0), qkv.size(1), channels}, at::kDouble);
  for (std::int64_t image = 0; image < qkv.size(0); ++image) {
    const auto rows = at::cat({qkv[image], padding.unsqueeze(0)}).to(at::kDouble);
    for (std::int64_t window = 0; window < table.tokens.size(0); ++window) {
      const auto places = table.tokens[window].to(at::kLong);
      const auto inside = rows.index_select(0, places.where(places.ge(0), qkv.size(1)));  // [N, 3C]
      for (std::int64_t head = 0; head < c.heads; ++head) {
        const auto part = [&](std::int64_t which) { return inside.narrow(1, which * channels + head * c.dim, c.dim); };
        auto scores = at::matmul(part(0), part(1).t()) / std::sqrt(static_cast<double>(c.dim));
        if (c.cosine) {
          const auto unit = [](const at::Tensor& x) { return x / x.norm(2, {1}, true); };
          scores = at::matmul(unit(part(0)), unit(part(1)).t()) * options.head_scale[head].item<double>();
        }
        const auto kind = options.bias.size(0) > 1 ? table.mask_kind[window].item<std::int64_t>() : 0;
        const auto mixed = at::matmul(at::softmax(scores + options.bias[kind][head].to(at::kDouble), -1), part(2));
        for (std::int64_t i = 0; i < places.size(0); ++i) {
          const auto place = places[i].item<std::int64_t>();
          if (place >= 0) out[image][place].narrow(0, head * c.dim, c.dim).copy_(mixed[i]);
        }
      }
    }
  }
  return out;
}

class WindowAttention : public testing::TestWithParam<Case> {
 protected:
  void check(at::ScalarType dtype, double tolerance) {
    const Case& c = GetParam();
    const auto layout = swin::lay_out(c.map, {c.window, c.shift}, true, swin::Convention::timm, false, at::kCPU);
    const auto options = options_of(c, layout, dtype);
    const auto qkv = test::hashed({c.images, c.map[0] * c.map[1], 3 * c.heads * c.dim}, 1, 0, 3).to(dtype);
    const auto expected = by_the_textbook(qkv, c, layout.table, options);
    const at::NoGradGuard no_grad;
    test::expect_close(attend_windows(qkv, c.heads, layout.table, options), expected, tolerance);
    test::expect_close(attend_windows_plain(qkv, c.heads, layout.table, options), expected, tolerance);
  }
};

TEST_P(WindowAttention, EqualsTheTextbookInFp32) {
  check(at::kFloat, 1e-5);
}
TEST_P(WindowAttention, EqualsTheTextbookInBf16) {
  check(at::kBFloat16, 1.5e-2);
}

INSTANTIATE_TEST_SUITE_P(Shapes, WindowAttention,
                         testing::Values(Case{{8, 8}, {4, 4}, {2, 2}, 2, 3, 32, false, false},
                                         Case{{8, 8}, {4, 4}, {0, 0}, 2, 3, 32, false, false},
                                         Case{{14, 14}, {7, 7}, {3, 3}, 1, 2, 32, false, true},
                                         Case{{9, 13}, {4, 5}, {2, 2}, 3, 2, 32, false, true},
                                         Case{{9, 13}, {4, 5}, {2, 2}, 1, 2, 32, false, false},
                                         Case{{10, 7}, {4, 7}, {2, 0}, 2, 1, 5, false, true},
                                         Case{{5, 5}, {5, 5}, {0, 0}, 1, 1, 16, true, false},
                                         Case{{9, 13}, {4, 5}, {2, 2}, 2, 3, 32, true, true},
                                         Case{{16, 24}, {16, 16}, {8, 8}, 1, 2, 24, true, true}));

TEST(WindowAttention, GivesGradientsToEverything) {
  const Case c{{5, 6}, {4, 4}, {2, 2}, 2, 2, 4, true, true};
  const auto layout = swin::lay_out(c.map, {c.window, c.shift}, true, swin::Convention::timm, false, at::kCPU);
  auto options = options_of(c, layout, at::kFloat);
  auto qkv = test::hashed({2, 30, 24}, 1).requires_grad_();
  for (auto* x : {&options.bias, &options.padding, &options.head_scale}) x->requires_grad_();
  attend_windows(qkv, c.heads, layout.table, options).square().sum().backward();
  for (const auto& x : {qkv, options.bias, options.padding, options.head_scale}) {
    ASSERT_TRUE(x.grad().defined());
    EXPECT_GT(x.grad().abs().sum().item<double>(), 0);
  }
}

}  // namespace
}  // namespace vitral::nn
