#include "common/kernels/norm.h"

#include <gtest/gtest.h>

#include <tuple>

#include "common/core/error.h"
#include "tests/kernels/support.h"

namespace vitral::kernels {
namespace {

struct Formats {
  DType stream, dtype;
};

double tolerance(DType dtype) {
  return dtype == DType::f32 ? 2e-6 : dtype == DType::bf16 ? 4e-3 : 6e-4;
}

class LayerNorm : public testing::TestWithParam<std::tuple<CpuCase, Formats>> {
 protected:
  const CpuFeatures& cpu() const { return std::get<0>(GetParam()).features; }
  DType stream() const { return std::get<1>(GetParam()).stream; }
  DType dtype() const { return std::get<1>(GetParam()).dtype; }
  std::mt19937 random_{7};

  Buffer stream_rows(std::int64_t count, float deviation = 1) {
    return Buffer::random(stream(), count, random_, deviation);
  }
  LayerNormArgs arguments(std::int64_t rows, std::int64_t width, const Buffer& input) const {
    LayerNormArgs args;
    args.stream = stream();
    args.dtype = dtype();
    args.rows = rows;
    args.width = width;
    args.input = input.data();
    args.input_stride = width;
    args.out = input.data();
    args.out_stride = width;
    return args;
  }

  void expect_equals_twin(LayerNormArgs args, double allowed = 0) {
    const std::int64_t count = args.rows * args.out_stride;
    Buffer got(dtype(), count);
    Buffer expected(dtype(), count);
    Buffer got_sum(stream(), args.update != nullptr ? args.rows * args.sum_stride : 0);
    Buffer expected_sum(stream(), got_sum.count());
    args.out = got.data();
    if (args.update != nullptr) args.sum = got_sum.data();
    check_layer_norm(args);
    layer_norm(args, args.rows / 2, args.rows, cpu());
    layer_norm(args, 0, args.rows / 2, cpu());
    args.out = expected.data();
    if (args.update != nullptr) args.sum = expected_sum.data();
    layer_norm_reference(args);
    EXPECT_LE(relative_error(got, expected), std::fmax(allowed, tolerance(dtype()))) << args.rows << "x" << args.width;
    EXPECT_LE(relative_error(got_sum, expected_sum), stream() == DType::f32 ? 1e-7 : 0.0);
  }
};

TEST_P(LayerNorm, EqualsTwinOnOddWidths) {
  for (const std::int64_t width : {1, 2, 15, 16, 17, 24, 63, 64, 65, 96, 192, 384, 768, 1000}) {
    const std::int64_t rows = 5;
    const Buffer input = stream_rows(rows * width);
    const Buffer weight = Buffer::random(DType::f32, width, random_);
    const Buffer bias = Buffer::random(DType::f32, width, random_);
    LayerNormArgs args = arguments(rows, width, input);
    expect_equals_twin(args);
    args.weight = weight.floats();
    args.bias = bias.floats();
    expect_equals_twin(args);
  }
}

TEST_P(LayerNorm, AddsTheUpdateAndKeepsTheSum) {
  const std::int64_t rows = 9;
  const std::int64_t width = 100;
  const std::int64_t stride = 131;
  const Buffer input = stream_rows(rows * stride);
  const Buffer update = Buffer::random(dtype(), rows * width, random_);
  LayerNormArgs args = arguments(rows, width, input);
  args.input_stride = stride;
  args.update = update.data();
  args.update_stride = width;
  args.sum_stride = stride;
  args.out_stride = 101;
  expect_equals_twin(args);
}

TEST_P(LayerNorm, TheSumMayReplaceTheInput) {
  const std::int64_t width = 50;
  const Buffer input = stream_rows(width);
  const Buffer update = Buffer::random(dtype(), width, random_);
  Buffer out(dtype(), width);
  std::vector<float> expected;
  for (std::int64_t i = 0; i < width; ++i) expected.push_back(input.get(i) + update.get(i));
  LayerNormArgs args = arguments(1, width, input);
  args.out = out.data();
  args.update = update.data();
  args.sum = input.data();
  layer_norm(args, 0, 1, cpu());
  for (std::int64_t i = 0; i < width; ++i) {
    EXPECT_NEAR(input.get(i), expected[static_cast<std::size_t>(i)], stream() == DType::f32 ? 1e-6 : 2e-2);
  }
}

TEST_P(LayerNorm, LargeMeansLoseNoDigits) {
  const std::int64_t width = 768;
  Buffer input = stream_rows(width);
  for (std::int64_t i = 0; i < width; ++i) input.set(i, input.get(i) + 1000);
  const LayerNormArgs args = arguments(1, width, input);
  // fp32 knows 1000 +- 1 to 6e-5.
  expect_equals_twin(args, 1e-4);
}

TEST_P(LayerNorm, GathersPatchesToMerge) {
  const std::int64_t rows = 6;
  const std::int64_t pieces = 4;
  const std::int64_t width = 4 * 24;
  const Buffer input = stream_rows(10 * 24);
  std::vector<std::int32_t> table;
  for (std::int32_t i = 0; i < rows * pieces; ++i) table.push_back(i % 7 == 3 ? -1 : i * 3 % 10);
  LayerNormArgs args = arguments(rows, width, input);
  args.input_stride = 24;
  args.gather = table.data();
  args.pieces = pieces;
  expect_equals_twin(args);
}

TEST_P(LayerNorm, ConstantRowsGiveTheBias) {
  Buffer input(stream(), 40);
  for (std::int64_t i = 0; i < 40; ++i) input.set(i, 3);
  LayerNormArgs args = arguments(1, 40, input);
  Buffer out(dtype(), 40);
  args.out = out.data();
  layer_norm(args, 0, 1, cpu());
  for (std::int64_t i = 0; i < 40; ++i) EXPECT_EQ(out.get(i), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Everywhere, LayerNorm,
    testing::Combine(testing::ValuesIn(runnable_cpus()),
                     testing::Values(Formats{DType::f32, DType::f32}, Formats{DType::bf16, DType::bf16},
                                     Formats{DType::f16, DType::f16}, Formats{DType::f32, DType::bf16},
                                     Formats{DType::f32, DType::f16})),
    [](const testing::TestParamInfo<std::tuple<CpuCase, Formats>>& info) {
      const Formats& formats = std::get<1>(info.param);
      return std::get<0>(info.param).name + "_" + dtype_name(formats.stream) + "_" + dtype_name(formats.dtype);
    });

TEST(LayerNormCheck, RefusesWhatDoesNotGoTogether) {
  float x[4] = {};
  const std::int32_t table[1] = {0};
  LayerNormArgs good;
  good.rows = 1;
  good.width = 4;
  good.input = good.out = x;
  EXPECT_NO_THROW(check_layer_norm(good));
  const auto refused = [&](auto change) {
    LayerNormArgs args = good;
    change(args);
    EXPECT_THROW(check_layer_norm(args), Error);
  };
  refused([](auto& a) { a.width = 0; });
  refused([](auto& a) { a.rows = -1; });
  refused([](auto& a) { a.out = nullptr; });
  refused([](auto& a) { a.stream = DType::bf16; });
  refused([&](auto& a) { a.update = x; });
  refused([](auto& a) { a.pieces = 2; });
  refused([&](auto& a) {
    a.pieces = 3;
    a.gather = table;
  });
  refused([&](auto& a) {
    a.update = a.sum = x;
    a.gather = table;
  });
}

}  // namespace
}  // namespace vitral::kernels
