// A GPU's attention, block after block on the host, against the plain twin.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "common/core/error.h"
#include "common/kernels/cuda/attention.h"
#include "tests/kernels/cuda_sides.h"
#include "tests/kernels/support.h"

namespace vitral::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

class AttentionTwin : public testing::TestWithParam<DType> {
 protected:
  DType dtype() const { return GetParam(); }
  double tolerance() const { return dtype() == DType::f32 ? 1e-5 : dtype() == DType::bf16 ? 1e-2 : 1e-3; }

  /// A packed projection [images, length, 3, heads, dim] and what it is turned into, [images, length, heads * dim].
  struct Packed {
    Buffer qkv;
    std::int64_t out_count;
  };
  Packed packed(AttentionArgs& args, std::int64_t images, std::int64_t length, float deviation = 1) {
    const std::int64_t width = args.heads * args.head_dim;
    Packed data = {Buffer::random(dtype(), images * length * 3 * width, random_, deviation), images * length * width};
    const TokenStrides strides = {length * 3 * width, args.head_dim, 3 * width};
    args.dtype = dtype();
    args.scale = 1.0F / std::sqrt(static_cast<float>(args.head_dim));
    args.q = {part(data.qkv, 0), strides};
    args.k = {part(data.qkv, width), strides};
    args.v = {part(data.qkv, 2 * width), strides};
    args.out.strides = {length * width, args.head_dim, width};
    return data;
  }
  const char* part(const Buffer& buffer, std::int64_t i) const {
    return static_cast<const char*>(buffer.data()) + static_cast<std::size_t>(i) * element_size(dtype());
  }
  Buffer floats(std::int64_t count, float deviation = 1) {
    return Buffer::random(DType::f32, count, random_, deviation);
  }

  Buffer by_twin(AttentionArgs args, std::int64_t out_count) const {
    Buffer out = untouched(dtype(), out_count);
    args.out.data = out.data();
    test::side().attention(args, nullptr);
    return out;
  }
  void expect_equals_reference(AttentionArgs args, std::int64_t out_count, const std::string& name) const {
    const Buffer got = by_twin(args, out_count);
    Buffer expected = untouched(dtype(), out_count);
    args.out.data = expected.data();
    attention_reference(args);
    EXPECT_LE(relative_error(got, expected), tolerance()) << name;
  }

  std::mt19937 random_{23};
};

/// Both versions of Swin, windows of 9 to 144 tokens: a bias for each head and a few masks, some keys masked
/// altogether.
TEST_P(AttentionTwin, WindowsInImageOrder) {
  constexpr int kHeight = 13, kWidth = 17, kImages = 2;
  for (const int side : {3, 7, 8, 12}) {
    const auto table = window_table(kHeight, kWidth, side, side / 2);
    AttentionArgs args;
    args.queries = args.keys = side * side;
    args.windows.tokens = table.data();
    args.windows.count = static_cast<std::int64_t>(table.size()) / args.keys;
    args.batch = kImages * args.windows.count, args.heads = 3, args.head_dim = 32;
    const auto data = packed(args, kImages, kHeight * kWidth);
    expect_equals_reference(args, data.out_count, "padding of zeros");
    const std::int64_t width = args.heads * args.head_dim, square = args.keys * args.keys;
    const Buffer padding = Buffer::random(dtype(), 3 * width, random_);
    args.windows.q_padding = padding.data();
    args.windows.k_padding = part(padding, width);
    args.windows.v_padding = part(padding, 2 * width);
    Buffer bias = floats(2 * args.heads * square);
    for (std::int64_t i = 0; i < bias.count(); i += 5) bias.set(i, -kInfinity);
    std::vector<std::int32_t> groups;
    for (std::int64_t w = 0; w < args.windows.count; ++w) groups.push_back(w % 3 == 0 ? 1 : 0);
    args.windows.bias_group = groups.data();
    args.bias = {bias.floats(), args.heads * square, square, args.keys, 1};
    expect_equals_reference(args, data.out_count, "padding, bias and masks");
    const float scales[] = {14.3F, -3.0F, 0.5F};
    args.cosine = true, args.scale = 1, args.head_scale = scales;
    expect_equals_reference(args, data.out_count, "cosine");
  }
}

/// A bias entry for every window, when no table says otherwise.
TEST_P(AttentionTwin, EveryWindowHasItsBias) {
  const auto table = window_table(6, 6, 3, 1);
  AttentionArgs args;
  args.queries = args.keys = 9;
  args.windows.tokens = table.data(), args.windows.count = 4;
  args.batch = 8, args.heads = 2, args.head_dim = 32;
  const auto data = packed(args, 2, 36);
  const Buffer bias = floats(4 * 81);
  args.bias = {bias.floats(), 81, 0, 1, 9};  // transposed, one for all heads
  expect_equals_reference(args, data.out_count, "");
}

/// TNT's inner blocks, and their neighbours: many problems a block, the last one not full.
TEST_P(AttentionTwin, ManySmallProblems) {
  for (const std::int64_t dim : {1, 5, 6, 7, 10, 11, 16, 24, 32}) {
    for (const std::int64_t tokens : {1, 3, 16, 17, 49}) {
      AttentionArgs args;
      args.queries = args.keys = tokens;
      args.batch = 7, args.heads = 3, args.head_dim = dim;
      const auto data = packed(args, 7, tokens);
      expect_equals_reference(args, data.out_count, std::to_string(dim) + " x " + std::to_string(tokens));
    }
  }
}

/// Fewer and more queries than keys, separate operands, a bias of the batch entry.
TEST_P(AttentionTwin, QueriesOfTheirOwn) {
  for (const auto& [queries, keys] : {std::pair{2, 65}, std::pair{300, 9}, std::pair{1, 378}}) {
    AttentionArgs args;
    args.dtype = dtype();
    args.batch = 3, args.heads = 2, args.queries = queries, args.keys = keys, args.head_dim = 20;
    const Buffer q = Buffer::random(dtype(), 6 * queries * 20, random_),
                 k = Buffer::random(dtype(), 6 * keys * 20, random_);
    const Buffer v = Buffer::random(dtype(), 6 * keys * 20, random_), bias = floats(3 * keys);
    args.q = {q.data(), {queries * 40, queries * 20, 20}};  // [B, H, N, D]
    args.k = {k.data(), {keys * 40, keys * 20, 20}};
    args.v = {v.data(), {keys * 40, keys * 20, 20}};
    args.out.strides = {queries * 40, 20, 40};
    args.bias = {bias.floats(), keys, 0, 0, 1};
    expect_equals_reference(args, 6 * queries * 20, std::to_string(queries));
  }
}

TEST_P(AttentionTwin, NoKeyGivesZerosAndNoNumberShows) {
  AttentionArgs args;
  args.queries = args.keys = 20;
  args.batch = 1, args.heads = 1, args.head_dim = 6;
  auto data = packed(args, 1, 20);
  data.qkv.set(3 * 18, std::nanf(""));  // of query 3
  Buffer mask(DType::f32, 400);
  for (std::int64_t key = 0; key < 20; ++key) {
    mask.set(2 * 20 + key, -kInfinity);
    mask.set(4 * 20 + key, key < 17 ? -kInfinity : 0);
  }
  args.bias = {mask.floats(), 0, 0, 20, 1};
  const Buffer out = by_twin(args, data.out_count);
  EXPECT_EQ(out.get(2 * 6), 0);
  EXPECT_TRUE(std::isnan(out.get(3 * 6)));
  EXPECT_FALSE(std::isnan(out.get(4 * 6)));
  EXPECT_NE(out.get(4 * 6), 0);
}

TEST_P(AttentionTwin, LargeScoresStayFinite) {
  AttentionArgs args;
  args.queries = args.keys = 49;
  args.batch = 2, args.heads = 2, args.head_dim = 32;
  const auto data = packed(args, 2, 49, dtype() == DType::f32 ? 30 : 4);
  const Buffer out = by_twin(args, data.out_count);
  for (std::int64_t i = 0; i < out.count(); ++i) ASSERT_TRUE(std::isfinite(out.get(i)));
}

INSTANTIATE_TEST_SUITE_P(CudaTwins, AttentionTwin, testing::Values(DType::f32, DType::bf16, DType::f16),
                         [](const auto& info) { return dtype_name(info.param); });

TEST(CudaTwins, AttentionRefusesWhatDoesNotFit) {
  float data[1] = {};
  AttentionArgs args;
  args.queries = args.keys = 1, args.head_dim = 1;
  args.q.data = args.k.data = args.v.data = args.out.data = data;
  test::side().attention(args, nullptr);
  const auto refused = [&](auto change) {
    AttentionArgs changed = args;
    change(changed);
    EXPECT_FALSE(cuda::attention_fits(changed));
    EXPECT_THROW(test::side().attention(changed, nullptr), Error);
  };
  refused([](auto& a) { a.head_dim = 33; });
  refused([](auto& a) { a.keys = 379; });
  refused([](auto& a) { a.batch = std::int64_t{1} << 40; });
}

}  // namespace
}  // namespace vitral::kernels
