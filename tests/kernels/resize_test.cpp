// Every instruction set gives the bits of the plain loops, at shapes that fit no vector.
#include "common/kernels/resize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "tests/kernels/resize_support.h"

namespace vitral::kernels {
namespace {

std::vector<CpuFeatures> implementations() {
  std::vector<CpuFeatures> all;
  const CpuFeatures here = this_cpu().features;
  if (here.avx2) {
    all.emplace_back();
    all.back().avx2 = true;
  }
  if (here.avx512_vnni) all.push_back(here);
  return all;
}

constexpr int kSizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 21, 22, 31, 33, 63, 64, 65, 100, 131};

TEST(ResizeKernels, ColumnsAreEqualOnEveryProcessor) {
  std::mt19937 random(1);
  for (const int width : kSizes) {
    for (const int outputs : {1, 2, 3, 4, 5, 37}) {
      for (const int rows : {1, 3, 7, 8, 9, 15, 16, 17, 35}) {
        const auto weights = random_weights(random, width, outputs, 1 + static_cast<int>(random() % 23));
        const std::size_t stride = static_cast<std::size_t>(width) * 3 + random() % 3;
        const auto from = random_bytes(random, stride * static_cast<std::size_t>(rows));
        const std::size_t to_stride = static_cast<std::size_t>(outputs) * 3 + kRowSlack;
        const auto run = [&](const CpuFeatures& cpu) {
          std::vector<std::uint8_t> to(to_stride * static_cast<std::size_t>(rows));
          resample_columns({from.data(), stride}, rows, weights, {to.data(), to_stride}, cpu);
          std::vector<std::uint8_t> pixels;
          for (int y = 0; y < rows; ++y) {
            const auto* row = to.data() + to_stride * static_cast<std::size_t>(y);
            pixels.insert(pixels.end(), row, row + 3 * outputs);
          }
          return pixels;
        };
        const auto plain = run(CpuFeatures{});
        for (const auto& cpu : implementations()) {
          ASSERT_EQ(run(cpu), plain) << resize_implementation(cpu) << " " << width << " -> " << outputs << ", " << rows
                                     << " rows";
        }
      }
    }
  }
}

TEST(ResizeKernels, RowsAreEqualOnEveryProcessor) {
  std::mt19937 random(2);
  for (const int height : kSizes) {
    for (const int outputs : {1, 2, 5, 19}) {
      for (const int row_bytes : {3, 31, 32, 33, 63, 64, 65, 96, 97, 127, 128, 129, 300}) {
        const auto weights = random_weights(random, height, outputs, 1 + static_cast<int>(random() % 23));
        const std::size_t stride = static_cast<std::size_t>(row_bytes) + random() % 5;
        // Nothing behind the last row.
        const auto from =
            random_bytes(random, stride * static_cast<std::size_t>(height - 1) + static_cast<std::size_t>(row_bytes));
        const auto run = [&](const CpuFeatures& cpu) {
          std::vector<std::uint8_t> to(static_cast<std::size_t>(row_bytes) * static_cast<std::size_t>(outputs));
          resample_rows({from.data(), stride}, row_bytes, weights, {to.data(), static_cast<std::size_t>(row_bytes)},
                        cpu);
          return to;
        };
        const auto plain = run(CpuFeatures{});
        for (const auto& cpu : implementations()) {
          ASSERT_EQ(run(cpu), plain) << resize_implementation(cpu) << " " << height << " -> " << outputs << ", "
                                     << row_bytes << " bytes";
        }
      }
    }
  }
}

TEST(ResizeKernels, TheLargestWeightsAreExact) {
  // All inputs 255 under weights that reach both clamps, and weights too large for the digits of the vectors.
  for (const std::int32_t k : {1 << 22, -(1 << 22), (1 << 23) - 1, -(1 << 23) + 1, 127 * 65536, 127 * 65536 + 1}) {
    ResampleWeights weights;
    weights.taps = 2;
    for (int i = 0; i < 5; ++i) {
      weights.first.push_back(i);
      weights.count.push_back(2);
      weights.weights.insert(weights.weights.end(), {k, -k / 2});
    }
    std::vector<std::uint8_t> from(18 * 9, 255);
    for (std::size_t i = 0; i < from.size(); i += 7) from[i] = 3;
    for (const auto& cpu : implementations()) {
      std::vector<std::uint8_t> plain(31 * 9), got(31 * 9);
      resample_columns({from.data(), 18}, 9, weights, {plain.data(), 31}, CpuFeatures{});
      resample_columns({from.data(), 18}, 9, weights, {got.data(), 31}, cpu);
      for (int y = 0; y < 9; ++y) {
        for (int x = 0; x < 15; ++x)
          ASSERT_EQ(got[31U * y + x], plain[31U * y + x]) << resize_implementation(cpu) << " " << k;
      }
    }
  }
}

TEST(ResizeKernels, NormalisingRoundsAsDivisionDoes) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    Normalization n;
    n.divisor = round % 3 == 0 ? 1.0F : 255.0F;
    for (int c = 0; c < 3; ++c) {
      n.mean[c] = std::uniform_real_distribution(-1.0F, 200.0F)(random) / static_cast<float>(1 + random() % 300);
      n.std[c] = std::uniform_real_distribution(0.05F, 3.0F)(random);
    }
    const std::size_t count = round < 60 ? static_cast<std::size_t>(round) : 256;
    std::vector<std::uint8_t> rgb(count * 3);
    for (std::size_t i = 0; i < rgb.size(); ++i) rgb[i] = static_cast<std::uint8_t>(i / 3);
    const auto run = [&](const CpuFeatures& cpu) {
      std::vector<float> out(3 * count);
      float* const planes[3] = {out.data(), out.data() + count, out.data() + 2 * count};
      normalize_rgb(rgb.data(), count, n, planes, cpu);
      return out;
    };
    const auto plain = run(CpuFeatures{});
    for (const auto& cpu : implementations()) ASSERT_EQ(run(cpu), plain) << resize_implementation(cpu);
  }
}

TEST(ResizeKernels, TheBestOneIsTaken) {
  EXPECT_STREQ(resize_implementation(CpuFeatures{}), "plain");
  for (const auto& cpu : implementations()) EXPECT_STRNE(resize_implementation(cpu), "plain");
}

TEST(Normalize, BlueFirstIsTheSamePlanesTurnedRound) {
  std::mt19937 random(8);
  constexpr std::size_t kCount = 101;
  const auto rgb = random_bytes(random, 3 * kCount);
  Normalization by{255.0F, {0.1F, 0.2F, 0.3F}, {0.4F, 0.5F, 0.6F}};
  std::vector<float> plain(3 * kCount), turned(3 * kCount);
  const auto run = [&](std::vector<float>& out) {
    float* const planes[3] = {out.data(), out.data() + kCount, out.data() + 2 * kCount};
    normalize_rgb(rgb.data(), kCount, by, planes);
  };
  run(plain);
  by.bgr = true;
  run(turned);
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t i = 0; i < kCount; ++i) ASSERT_EQ(turned[(2 - c) * kCount + i], plain[c * kCount + i]);
  }
}

}  // namespace
}  // namespace vitral::kernels
