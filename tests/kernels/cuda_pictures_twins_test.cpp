// What a GPU makes of decoded pictures, on the host, against the CPU's kernels: equal bit for bit.
#include <gtest/gtest.h>

#include <tuple>

#include "common/core/error.h"
#include "common/kernels/cuda/patches.h"
#include "common/kernels/cuda/resize.h"
#include "tests/kernels/cuda_sides.h"
#include "tests/kernels/resize_support.h"
#include "tests/kernels/support.h"

namespace vitral::kernels {
namespace {

/// Patches by the definition, of pictures that the CPU's kernel has normalised: out[patch][channel][y][x].
void fill_patches(const cuda::PatchesArgs& args, Buffer& out) {
  const std::int64_t p = args.patch, area = args.height * args.width, wide = args.width / p;
  const std::int64_t patches = args.height / p * wide;
  for (std::int64_t b = 0; b < args.batch; ++b) {
    std::vector<float> planes(static_cast<std::size_t>(3 * area));
    for (std::int64_t y = 0; y < args.height; ++y) {
      float* row = planes.data() + y * args.width;
      float* const rows[3] = {row, row + area, row + 2 * area};
      normalize_rgb(args.pictures + b * args.picture_stride + y * args.row_stride, static_cast<std::size_t>(args.width),
                    args.normalization, rows);
    }
    for (std::int64_t channel = 0; channel < 3; ++channel) {
      for (std::int64_t y = 0; y < args.height; ++y) {
        for (std::int64_t x = 0; x < args.width; ++x) {
          const std::int64_t patch = b * patches + y / p * wide + x / p;
          out.set(patch * args.out_stride + channel * p * p + y % p * p + x % p,
                  planes[static_cast<std::size_t>(channel * area + y * args.width + x)]);
        }
      }
    }
  }
}

TEST(CudaTwins, PatchesAreTheRowsOfTheProduct) {
  std::mt19937 random(21);
  for (const auto& [dtype, bgr] : {std::pair{DType::f32, false},
                                   {DType::f32, true},
                                   {DType::bf16, false},
                                   {DType::bf16, true},
                                   {DType::f16, false},
                                   {DType::f16, true}}) {
    for (const auto& [patch, high, wide] :
         {std::tuple{1, 3, 2}, std::tuple{2, 1, 5}, std::tuple{7, 3, 4}, std::tuple{16, 2, 3}}) {
      cuda::PatchesArgs args;
      args.dtype = dtype, args.batch = 3, args.patch = patch;
      args.height = patch * high, args.width = patch * wide;
      args.row_stride = 3 * args.width + 5, args.picture_stride = args.height * args.row_stride + 11;
      args.normalization = {255.0F, {0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}, bgr};
      args.out_stride = 3 * patch * patch + 2;
      const auto pictures = random_bytes(random, static_cast<std::size_t>(args.batch * args.picture_stride));
      args.pictures = pictures.data();
      Buffer expected = untouched(dtype, args.batch * high * wide * args.out_stride);
      Buffer got = untouched(dtype, expected.count());
      fill_patches(args, expected);
      args.out = got.data();
      test::side().patches(args, nullptr);
      for (std::int64_t i = 0; i < got.count(); ++i) ASSERT_EQ(got.get(i), expected.get(i)) << patch << " at " << i;
    }
  }
}

TEST(CudaTwins, PatchesRefuseWhatIsNotMadeOfThem) {
  std::uint8_t picture[3 * 6 * 4] = {};
  float out[3 * 6 * 4] = {};
  cuda::PatchesArgs args;
  args.batch = 1, args.height = 6, args.width = 4, args.row_stride = 12, args.picture_stride = 72, args.out_stride = 12;
  args.pictures = picture, args.out = out;
  for (const std::int64_t patch : {-1, 0, 3, 4, 1 << 20}) {
    args.patch = patch;
    EXPECT_THROW(test::side().patches(args, nullptr), Error) << patch;
  }
  args.patch = 2;
  test::side().patches(args, nullptr);
  args.out = nullptr;
  EXPECT_THROW(test::side().patches(args, nullptr), Error);
}

constexpr int kSteep = 3 << 21;  ///< weights whose sums leave 0..255 on both sides

cuda::ResampleTable table_of(const ResampleWeights& weights) {
  return {weights.outputs(), weights.taps, weights.first.data(), weights.count.data(), weights.weights.data()};
}

class ResizeTwin : public testing::TestWithParam<std::tuple<int, int, int>> {
 protected:
  std::mt19937 random_{22};
};

TEST_P(ResizeTwin, ColumnsHaveTheBitsOfTheCpu) {
  const auto [inputs, outputs, rows] = GetParam();
  const auto weights = random_weights(random_, inputs, outputs, 9, kSteep);
  const auto stride = static_cast<std::size_t>(3 * inputs + 2),
             to_stride = static_cast<std::size_t>(3 * outputs) + kRowSlack;
  const auto from = random_bytes(random_, stride * static_cast<std::size_t>(rows));
  std::vector<std::uint8_t> expected(to_stride * static_cast<std::size_t>(rows)), got(expected.size(), 77);
  resample_columns({from.data(), stride}, rows, weights, {expected.data(), to_stride});
  test::side().resample_columns({from.data(), stride}, rows, table_of(weights), {got.data(), to_stride}, nullptr);
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i], i % to_stride < static_cast<std::size_t>(3 * outputs) ? expected[i] : 77) << i;
  }
}

TEST_P(ResizeTwin, RowsHaveTheBitsOfTheCpu) {
  const auto [inputs, outputs, pixels] = GetParam();
  const int row_bytes = 3 * pixels;
  const auto weights = random_weights(random_, inputs, outputs, 9, kSteep);
  const auto stride = static_cast<std::size_t>(row_bytes + 5), to_stride = static_cast<std::size_t>(row_bytes + 4);
  const auto from = random_bytes(random_, stride * static_cast<std::size_t>(inputs));
  std::vector<std::uint8_t> expected(to_stride * static_cast<std::size_t>(outputs), 77), got(expected);
  resample_rows({from.data(), stride}, row_bytes, weights, {expected.data(), to_stride});
  test::side().resample_rows({from.data(), stride}, row_bytes, table_of(weights), {got.data(), to_stride}, nullptr);
  ASSERT_EQ(got, expected);
}

INSTANTIATE_TEST_SUITE_P(CudaTwins, ResizeTwin,
                         testing::Combine(testing::Values(1, 2, 7, 31, 64), testing::Values(1, 3, 16, 37),
                                          testing::Values(1, 2, 5, 33)));

TEST(CudaTwins, ResizeOfNothingIsNothing) {
  test::side().resample_columns({}, 0, {}, {}, nullptr);
  test::side().resample_rows({}, 0, {}, {}, nullptr);
}

}  // namespace
}  // namespace vitral::kernels
