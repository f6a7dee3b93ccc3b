// The layers' functions that run on a GPU, team after team on the host, against the plain twins.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "common/core/error.h"
#include "common/kernels/cuda/activation.h"
#include "common/kernels/cuda/layer_norm.h"
#include "tests/kernels/cuda_sides.h"
#include "tests/kernels/support.h"

namespace vitral::kernels {
namespace {

constexpr DType kDTypes[] = {DType::f32, DType::bf16, DType::f16};

/// fp32 results agree to rounding; 16-bit results to one rounding of the output.
double tolerance(DType dtype) {
  return dtype == DType::f32 ? 2e-6 : dtype == DType::bf16 ? 1e-2 : 1e-3;
}

void expect_equal(const Buffer& got, const Buffer& expected) {
  for (std::int64_t i = 0; i < got.count(); ++i) ASSERT_EQ(got.get(i), expected.get(i)) << i;
}

struct NormData {
  Buffer input, update, weight, bias;
};

NormData norm_data(LayerNormArgs& args, std::mt19937& random) {
  NormData data = {Buffer::random(args.stream, args.rows * (args.width + 3), random, 3),
                   Buffer::random(args.dtype, args.rows * (args.width + 1), random),
                   Buffer::random(DType::f32, args.width, random), Buffer::random(DType::f32, args.width, random)};
  args.input = data.input.data(), args.input_stride = args.width + 3;
  args.update = data.update.data(), args.update_stride = args.width + 1;
  args.weight = data.weight.floats(), args.bias = data.bias.floats();
  args.sum_stride = args.width + 2, args.out_stride = args.width + 5;
  return data;
}

TEST(CudaTwins, LayerNormAddsAndNormalises) {
  std::mt19937 random(11);
  for (const DType dtype : kDTypes) {
    for (const DType stream : {DType::f32, dtype}) {
      for (const std::int64_t width : {1, 3, 31, 32, 33, 96, 257}) {
        LayerNormArgs args;
        args.stream = stream, args.dtype = dtype, args.rows = 7, args.width = width;
        const NormData data = norm_data(args, random);
        const std::int64_t sums = args.rows * args.sum_stride, outs = args.rows * args.out_stride;
        Buffer expected_sum = untouched(stream, sums), expected = untouched(dtype, outs);
        Buffer sum = untouched(stream, sums), got = untouched(dtype, outs);
        args.sum = expected_sum.data(), args.out = expected.data();
        layer_norm_reference(args);
        args.sum = sum.data(), args.out = got.data();
        test::side().layer_norm(args, {}, nullptr);
        expect_equal(sum, expected_sum);
        EXPECT_LE(relative_error(got, expected), tolerance(dtype)) << dtype_name(dtype) << width;
      }
    }
  }
}

TEST(CudaTwins, LayerNormNeedsNoUpdateAndNoParameters) {
  std::mt19937 random(12);
  LayerNormArgs args;
  args.rows = 5, args.width = 33;
  const NormData data = norm_data(args, random);
  args.update = nullptr;
  args.weight = args.bias = nullptr;
  Buffer expected = untouched(DType::f32, args.rows * args.out_stride), got = untouched(DType::f32, expected.count());
  args.out = expected.data();
  layer_norm_reference(args);
  args.out = got.data();
  test::side().layer_norm(args, {}, nullptr);
  EXPECT_LE(relative_error(got, expected), 2e-6);
}

TEST(CudaTwins, LayerNormGathersPieces) {
  std::mt19937 random(13);
  LayerNormArgs args;
  args.rows = 6, args.width = 20;  // four pieces of five: a picture of 4 x 6 merged
  const Buffer input = Buffer::random(DType::f32, 24 * 5, random), weight = Buffer::random(DType::f32, 20, random);
  std::vector<std::int32_t> gather(24);
  std::iota(gather.begin(), gather.end(), 0);
  std::shuffle(gather.begin(), gather.end(), random);
  gather[7] = -1;
  args.input = input.data(), args.input_stride = 5, args.out_stride = 20;
  args.weight = weight.floats();
  args.gather = gather.data(), args.pieces = 4;
  Buffer expected(DType::f32, 120), got(DType::f32, 120);
  args.out = expected.data();
  layer_norm_reference(args);
  args.out = got.data();
  test::side().layer_norm(args, {}, nullptr);
  EXPECT_LE(relative_error(got, expected), 2e-6);
}

/// The twin in the map's order, its rows then laid where the table says.
TEST(CudaTwins, LayerNormPartitionsEveryPicture) {
  std::mt19937 random(14);
  constexpr std::int64_t kPictures = 3, kRows = 15, kOutputs = 24;
  std::vector<std::int32_t> places(kOutputs);
  std::iota(places.begin(), places.end(), 0);
  std::shuffle(places.begin(), places.end(), random);
  places.resize(kRows);
  places[4] = -1;
  for (const DType dtype : kDTypes) {
    LayerNormArgs args;
    args.dtype = dtype, args.rows = kPictures * kRows, args.width = 35;
    const NormData data = norm_data(args, random);
    const std::int64_t sums = args.rows * args.sum_stride;
    Buffer expected_sum = untouched(DType::f32, sums), sum = untouched(DType::f32, sums);
    Buffer in_order(dtype, args.rows * args.out_stride);
    args.sum = expected_sum.data(), args.out = in_order.data();
    layer_norm_reference(args);
    Buffer expected = untouched(dtype, kPictures * kOutputs * args.out_stride),
           got = untouched(dtype, expected.count());
    for (std::int64_t row = 0; row < args.rows; ++row) {
      const std::int32_t place = places[static_cast<std::size_t>(row % kRows)];
      for (std::int64_t i = 0; i < args.width && place >= 0; ++i) {
        expected.set((row / kRows * kOutputs + place) * args.out_stride + i, in_order.get(row * args.out_stride + i));
      }
    }
    args.sum = sum.data(), args.out = got.data();
    test::side().layer_norm(args, {places.data(), kRows, kOutputs}, nullptr);
    expect_equal(sum, expected_sum);
    EXPECT_LE(relative_error(got, expected), tolerance(dtype)) << dtype_name(dtype);
    EXPECT_THROW(test::side().layer_norm(args, {places.data(), kRows + 1, kOutputs}, nullptr), Error);
  }
}

/// bias and residual may be null.
void fill_activated(const cuda::BiasActivationArgs& args, const Buffer& input, const Buffer* bias,
                    const Buffer* residual, Buffer& out) {
  for (std::int64_t row = 0; row < args.rows; ++row) {
    for (std::int64_t column = 0; column < args.width; ++column) {
      double x = input.get(row * args.input_stride + column);
      if (bias != nullptr) x += bias->get(column);
      if (residual != nullptr) x += residual->get(row * args.residual_stride + column);
      out.set(row * args.out_stride + column, static_cast<float>(activate_reference(args.function, x)));
    }
  }
}

/// Gaps of four let four neighbours be done together, where the width does.
TEST(CudaTwins, BiasAndActivation) {
  std::mt19937 random(15);
  for (const DType dtype : kDTypes) {
    for (const auto function :
         {Activation::none, Activation::relu, Activation::relu6, Activation::gelu, Activation::silu}) {
      for (const auto& [width, gap] : {std::pair{1, 1}, {31, 1}, {255, 4}, {256, 4}, {257, 1}, {700, 1}, {700, 4}}) {
        cuda::BiasActivationArgs args;
        args.function = function, args.dtype = dtype, args.rows = 5, args.width = width;
        args.input_stride = width + 2 * gap, args.residual_stride = width + 3 * gap, args.out_stride = width + gap;
        const Buffer input = Buffer::random(dtype, args.rows * args.input_stride, random, 3);
        const Buffer residual = Buffer::random(dtype, args.rows * args.residual_stride, random);
        const Buffer bias = Buffer::random(dtype, width, random);
        for (const auto& [biased, added] : {std::pair{false, false}, {true, false}, {false, true}, {true, true}}) {
          Buffer expected = untouched(dtype, args.rows * args.out_stride), got = untouched(dtype, expected.count());
          fill_activated(args, input, biased ? &bias : nullptr, added ? &residual : nullptr, expected);
          args.input = input.data(), args.out = got.data();
          args.bias = biased ? bias.data() : nullptr, args.residual = added ? residual.data() : nullptr;
          test::side().bias_activation(args, nullptr);
          EXPECT_LE(relative_error(got, expected), tolerance(dtype)) << dtype_name(dtype) << width;
        }
      }
    }
  }
}

/// A result in the place of the residual, as in that of the input, is read before it is written.
TEST(CudaTwins, BiasAndActivationInPlaceOfTheResidual) {
  std::mt19937 random(17);
  for (const std::int64_t width : {5, 300}) {
    const Buffer input = Buffer::random(DType::f32, 2 * width, random),
                 bias = Buffer::random(DType::f32, width, random);
    Buffer residual = Buffer::random(DType::f32, 2 * width, random), expected(DType::f32, residual.count());
    cuda::BiasActivationArgs args;
    args.function = Activation::relu, args.rows = 2;
    args.width = args.input_stride = args.residual_stride = args.out_stride = width;
    fill_activated(args, input, &bias, &residual, expected);
    args.input = input.data(), args.bias = bias.data(), args.residual = args.out = residual.data();
    test::side().bias_activation(args, nullptr);
    EXPECT_LE(relative_error(residual, expected), 2e-6);
  }
}

/// Rows of several parts: what is written twice would be activated twice.
TEST(CudaTwins, BiasAndActivationInPlace) {
  std::mt19937 random(16);
  constexpr std::int64_t kWidth = 700, kRows = 3;
  const Buffer bias = Buffer::random(DType::f32, kWidth, random);
  Buffer numbers = Buffer::random(DType::f32, kRows * kWidth, random), expected(DType::f32, numbers.count());
  for (std::int64_t i = 0; i < numbers.count(); ++i) {
    const double x = static_cast<double>(numbers.get(i)) + bias.get(i % kWidth);
    expected.set(i, static_cast<float>(activate_reference(Activation::gelu, x)));
  }
  cuda::BiasActivationArgs args;
  args.rows = kRows, args.width = args.input_stride = args.out_stride = kWidth;
  args.bias = bias.data();
  args.input = args.out = numbers.data();
  test::side().bias_activation(args, nullptr);
  EXPECT_LE(relative_error(numbers, expected), 2e-6);
}

TEST(CudaTwins, BiasAndActivationInPlaceLetThroughWhatIsNoNumber) {
  for (const auto function : {Activation::relu, Activation::relu6, Activation::gelu, Activation::silu}) {
    Buffer numbers(DType::f32, 2);
    numbers.set(0, std::nanf(""));
    numbers.set(1, 2);
    cuda::BiasActivationArgs args;
    args.function = function, args.rows = 1, args.width = 2;
    args.input = args.out = numbers.data();
    test::side().bias_activation(args, nullptr);
    EXPECT_TRUE(std::isnan(numbers.get(0)));
    EXPECT_NEAR(numbers.get(1), activate_reference(function, 2), 1e-6);
  }
  EXPECT_THROW(test::side().bias_activation({}, nullptr), Error);
}

}  // namespace
}  // namespace vitral::kernels
