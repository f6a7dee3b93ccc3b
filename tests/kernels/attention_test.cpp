#include "common/kernels/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "common/core/error.h"
#include "tests/kernels/support.h"

namespace vitral::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// fp32 results agree to rounding; 16-bit results to one rounding of the output and of the probabilities.
double tolerance(DType dtype) {
  return dtype == DType::f32 ? 1e-5 : dtype == DType::bf16 ? 1e-2 : 1e-3;
}

void expect_equals_twin(const AttentionArgs& args, std::int64_t out_count, const CpuFeatures& cpu,
                        const std::string& name, double allowed = 0) {
  Buffer got(args.dtype, out_count);
  Buffer expected(args.dtype, out_count);
  for (std::int64_t i = 0; i < out_count; ++i) {  // what neither may touch
    got.set(i, 7);
    expected.set(i, 7);
  }
  AttentionArgs run = args;
  run.out.data = got.data();
  const std::int64_t tasks = attention_tasks(run);
  const std::int64_t middle = tasks * 2 / 5;  // two ranges that cut a head, as two threads get them
  attention(run, middle, tasks, cpu);
  attention(run, 0, middle, cpu);
  run.out.data = expected.data();
  attention_reference(run);
  EXPECT_LE(relative_error(got, expected), std::fmax(allowed, tolerance(args.dtype))) << name;
}

struct Shape {
  std::int64_t queries, keys, head_dim;
  std::int64_t batch = 2, heads = 2;
};

std::string text(const Shape& s) {
  return "N=" + std::to_string(s.queries) + " M=" + std::to_string(s.keys) + " D=" + std::to_string(s.head_dim);
}

class Attention : public testing::TestWithParam<std::tuple<CpuCase, DType>> {
 protected:
  const CpuFeatures& cpu() const { return std::get<0>(GetParam()).features; }
  DType dtype() const { return std::get<1>(GetParam()); }
  std::mt19937 random_{20};

  Buffer tokens(std::int64_t count, float deviation = 1) { return Buffer::random(dtype(), count, random_, deviation); }
  Buffer floats(std::int64_t count) { return Buffer::random(DType::f32, count, random_); }

  AttentionArgs arguments(const Shape& s) const {
    AttentionArgs args;
    args.dtype = dtype();
    args.batch = s.batch;
    args.heads = s.heads;
    args.queries = s.queries;
    args.keys = s.keys;
    args.head_dim = s.head_dim;
    args.scale = 1.0F / std::sqrt(static_cast<float>(s.head_dim));
    return args;
  }

  /// q, k and v each [B, N, H, D] of their own, out [B, N, H, D].
  struct Separate {
    Buffer q, k, v;
    std::int64_t out_count;
  };
  Separate separate(const Shape& s, AttentionArgs& args, float deviation = 1) {
    const std::int64_t width = s.heads * s.head_dim;
    Separate data = {tokens(s.batch * s.queries * width, deviation), tokens(s.batch * s.keys * width, deviation),
                     tokens(s.batch * s.keys * width), s.batch * s.queries * width};
    args.q = {data.q.data(), {s.queries * width, s.head_dim, width}};
    args.k = {data.k.data(), {s.keys * width, s.head_dim, width}};
    args.v = {data.v.data(), {s.keys * width, s.head_dim, width}};
    args.out = {data.q.data(), {s.queries * width, s.head_dim, width}};
    return data;
  }
};

TEST_P(Attention, EqualsTwinOnOddShapes) {
  for (const std::int64_t dim : {6, 10, 16, 24, 32, 48, 64, 80, 96, 128}) {
    for (const std::int64_t n : {1, 2, 15, 16, 17, 49, 50}) {
      const Shape shape = {n, n, dim};
      AttentionArgs args = arguments(shape);
      const Separate data = separate(shape, args);
      expect_equals_twin(args, data.out_count, cpu(), text(shape));
    }
  }
}

TEST_P(Attention, EqualsTwinOnLongerSequences) {
  const Shape shapes[] = {{196, 196, 64, 1, 3},  {197, 197, 64, 1, 2}, {198, 198, 64, 2, 1}, {577, 577, 64, 1, 1},
                          {100, 1100, 32, 1, 2}, {13, 513, 256, 1, 1}, {1, 1025, 33, 1, 1},  {31, 512, 7, 1, 1}};
  for (const Shape& shape : shapes) {
    AttentionArgs args = arguments(shape);
    const Separate data = separate(shape, args);
    expect_equals_twin(args, data.out_count, cpu(), text(shape));
  }
}

TEST_P(Attention, ReadsPackedProjectionAndWritesTokenOrder) {
  const Shape s = {197, 197, 64, 2, 3};
  AttentionArgs args = arguments(s);
  const std::int64_t width = s.heads * s.head_dim;
  const Buffer qkv = tokens(s.batch * s.queries * 3 * width);
  const TokenStrides strides = {s.queries * 3 * width, s.head_dim, 3 * width};
  const auto part = [&](int i) {
    return ConstTokens{
        static_cast<const char*>(qkv.data()) + static_cast<std::size_t>(i * width) * element_size(dtype()), strides};
  };
  args.q = part(0);
  args.k = part(1);
  args.v = part(2);
  args.out = {qkv.data(), {s.queries * width, s.head_dim, width}};
  expect_equals_twin(args, s.batch * s.queries * width, cpu(), "packed");
}

TEST_P(Attention, AddsBias) {
  for (const Shape& s : {Shape{49, 49, 32, 3, 2}, Shape{20, 600, 32, 3, 2}, Shape{17, 33, 6, 3, 2}}) {
    AttentionArgs args = arguments(s);
    const Separate data = separate(s, args);
    const Buffer full = floats(s.batch * s.heads * s.queries * s.keys);
    const auto* bias = full.floats();
    const std::int64_t square = s.queries * s.keys;
    const AttentionBias layouts[] = {{bias, s.heads * square, square, s.keys, 1},  // [B, H, N, M]
                                     {bias, 0, square, s.keys, 1},                 // [H, N, M]
                                     {bias, s.keys, 0, 0, 1},                      // [B, M]: keys that are padding
                                     {bias, 0, 0, s.keys, 1},                      // [N, M]
                                     {bias, 0, 0, 1, s.queries},                   // transposed
                                     {bias, 0, s.queries, 1, 0}};                  // a row's own, which changes nothing
    for (const AttentionBias& layout : layouts) {
      args.bias = layout;
      expect_equals_twin(args, data.out_count, cpu(), text(s));
    }
  }
}

TEST_P(Attention, MaskedKeysDoNotCount) {
  const Shape s = {30, 600, 32, 2, 2};
  AttentionArgs args = arguments(s);
  const Separate data = separate(s, args);
  Buffer mask(DType::f32, s.batch * s.queries * s.keys);
  for (std::int64_t i = 0; i < mask.count(); ++i) mask.set(i, i % 3 == 0 ? -kInfinity : 0);
  const auto row = [&](std::int64_t r) { return r * s.keys; };
  for (std::int64_t j = 0; j < s.keys; ++j) {
    mask.set(row(3) + j, -kInfinity);                  // no key at all: zeros
    mask.set(row(4) + j, j < 520 ? -kInfinity : 0.F);  // the first block of keys is empty
    mask.set(row(5) + j, j > 2 ? -kInfinity : 0.F);    // the last one is
  }
  args.bias = {mask.floats(), s.queries * s.keys, 0, s.keys, 1};
  expect_equals_twin(args, data.out_count, cpu(), "masked");
  attention(args, 0, attention_tasks(args), cpu());
  const Buffer& out = data.q;
  EXPECT_EQ(out.get(3 * s.heads * s.head_dim), 0);
}

TEST_P(Attention, LargeScoresStayFinite) {
  const Shape s = {50, 700, 64};
  AttentionArgs args = arguments(s);
  const Separate data = separate(s, args, dtype() == DType::f32 ? 30 : 4);
  // Scores reach 4000 here; in fp32 they are known to 4000 x 2^-24, which the exponential turns into a relative error.
  expect_equals_twin(args, data.out_count, cpu(), "large", 4000 * 0x1p-23);
}

TEST_P(Attention, WhatIsNoNumberShows) {
  const Shape s = {16, 40, 32, 1, 1};
  AttentionArgs args = arguments(s);
  Separate data = separate(s, args);
  data.q.set(2 * s.head_dim, std::numeric_limits<float>::quiet_NaN());
  Buffer out(dtype(), data.out_count);
  args.out.data = out.data();
  attention(args, 0, attention_tasks(args), cpu());
  EXPECT_TRUE(std::isnan(out.get(2 * s.head_dim)));
  EXPECT_FALSE(std::isnan(out.get(3 * s.head_dim)));
}

TEST_P(Attention, CosineOfSwinV2) {
  const Shape s = {64, 64, 32};
  AttentionArgs args = arguments(s);
  const Separate data = separate(s, args);
  const float scales[] = {14.3F, -3.0F};
  args.scale = 1;
  args.head_scale = scales;
  args.cosine = true;
  const Buffer bias = floats(s.heads * s.queries * s.keys);
  expect_equals_twin(args, data.out_count, cpu(), "cosine");
  args.bias = {bias.floats(), 0, s.queries * s.keys, s.keys, 1};
  expect_equals_twin(args, data.out_count, cpu(), "cosine with bias");
}

TEST_P(Attention, WindowsInImageOrder) {
  const int height = 10;
  const int width = 15;
  for (const int side : {4, 7, 8}) {
    const std::vector<std::int32_t> table = window_table(height, width, side, side / 2);
    const std::int64_t n = side * side;
    const std::int64_t count = static_cast<std::int64_t>(table.size()) / n;
    const Shape s = {n, n, 32, 2 * count, 3};
    const std::int64_t dims = s.heads * s.head_dim;
    AttentionArgs args = arguments(s);
    const Buffer qkv = tokens(2 * height * width * 3 * dims);
    const Buffer padding = tokens(3 * dims);
    const Buffer bias = floats(2 * s.heads * n * n);
    const auto at = [&](const Buffer& b, std::int64_t i) {
      return static_cast<const char*>(b.data()) + static_cast<std::size_t>(i) * element_size(dtype());
    };
    const TokenStrides strides = {height * width * 3 * dims, s.head_dim, 3 * dims};
    args.q = {qkv.data(), strides};
    args.k = {at(qkv, dims), strides};
    args.v = {at(qkv, 2 * dims), strides};
    args.out = {qkv.data(), {height * width * dims, s.head_dim, dims}};
    args.windows.tokens = table.data();
    args.windows.count = count;
    const std::int64_t out_count = 2 * height * width * dims;
    expect_equals_twin(args, out_count, cpu(), "zero padding");
    args.windows.q_padding = padding.data();
    args.windows.k_padding = at(padding, dims);
    args.windows.v_padding = at(padding, 2 * dims);
    std::vector<std::int32_t> groups;
    for (std::int64_t w = 0; w < count; ++w) groups.push_back(w % 3 == 0 ? 1 : 0);
    args.windows.bias_group = groups.data();
    args.bias = {bias.floats(), s.heads * n * n, n * n, n, 1};
    expect_equals_twin(args, out_count, cpu(), "padding and bias");
  }
}

std::string case_name(const testing::TestParamInfo<std::tuple<CpuCase, DType>>& info) {
  return std::get<0>(info.param).name + "_" + dtype_name(std::get<1>(info.param));
}

INSTANTIATE_TEST_SUITE_P(Everywhere, Attention,
                         testing::Combine(testing::ValuesIn(runnable_cpus()),
                                          testing::Values(DType::f32, DType::bf16, DType::f16)),
                         case_name);

TEST(AttentionTasks, CountsRowBlocksOfEveryHead) {
  float data = 0;
  AttentionArgs args;
  args.batch = 2;
  args.heads = 3;
  args.queries = 197;
  args.keys = 197;
  args.head_dim = 64;
  args.q.data = args.k.data = args.v.data = args.out.data = &data;
  EXPECT_EQ(attention_tasks(args), 2 * 3 * 17);
  args.queries = 0;
  EXPECT_EQ(attention_tasks(args), 0);
  args.queries = 1;
  const auto refused = [](AttentionArgs a) { EXPECT_THROW(attention_tasks(a), Error); };
  const auto with = [&](auto change) {
    AttentionArgs a = args;
    change(a);
    return a;
  };
  refused(with([](auto& a) { a.keys = 0; }));
  refused(with([](auto& a) { a.head_dim = 257; }));
  refused(with([](auto& a) { a.batch = -1; }));
  refused(with([](auto& a) { a.v.data = nullptr; }));
  refused(with([](auto& a) {
    a.batch = std::int64_t{1} << 62;
    a.heads = 8;
  }));
  const std::int32_t table[] = {0};
  refused(with([&](auto& a) { a.windows = {table, 1}; }));
}

TEST(AttentionImplementation, FollowsTheProcessor) {
  EXPECT_STREQ(attention_implementation(DType::f32, {}), "portable");
#if defined(__x86_64__)
  EXPECT_STREQ(attention_implementation(DType::f32, {.avx2 = true}), "avx2");
  EXPECT_STREQ(attention_implementation(DType::f32, {.avx2 = true, .avx512 = true, .avx512_bf16 = true}), "avx512");
  EXPECT_STREQ(attention_implementation(DType::bf16, {.avx2 = true, .avx512 = true, .avx512_bf16 = true}),
               "avx512_bf16");
#endif
}

}  // namespace
}  // namespace vitral::kernels
