#include "datasets/rng.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace vitral {
namespace {

struct Golden {
  std::uint64_t seed, purpose, epoch, index;
  std::uint64_t raw[6];
};
// tests/golden/philox.py
constexpr Golden kGolden[] = {
    {0u,
     0,
     0u,
     0u,
     {0x02f4ba6408e4d89b, 0x3dd62b0b9ca8c5b2, 0x1c8667a55d902e79, 0x907d7a052fd5b4dc, 0x809bf322883987c3,
      0x471128b9e807f7dd}},
    {42u,
     1,
     3u,
     70000u,
     {0xa72d70e055f25a51, 0x355f34bdf8fe75ed, 0x58fafeb878141376, 0xf8ba37e63530cfb4, 0x1b47cbaed77a4ac6,
      0xf1d201d691fc8c25}},
    {18446744073709551615u,
     4,
     9223372036854775808u,
     1099511627777u,
     {0x162bca42f83b9a7a, 0x924e0b2d811a43fe, 0x15b45e5a27855768, 0xd82fe2753c215795, 0xb748449bc61e594e,
      0x681b1d5e0377e4d9}},
};

TEST(Rng, GivesTheNumbersOfNumpysPhilox) {
  for (const auto& golden : kGolden) {
    Rng rng(golden.seed, static_cast<RandomPurpose>(golden.purpose), golden.epoch, golden.index);
    for (const auto expected : golden.raw) EXPECT_EQ(rng.bits(), expected);
  }
}

TEST(Rng, StreamsShareNothing) {
  std::set<std::uint64_t> seen;
  for (std::uint64_t i = 0; i < 4'000; ++i) {
    seen.insert(Rng(i % 2, static_cast<RandomPurpose>(i / 2 % 4), i / 8 % 10, i / 80).bits());
  }
  EXPECT_EQ(seen.size(), 4'000u);
}

TEST(Rng, NumbersBelowACountAreEven) {
  Rng rng(7);
  int counts[6] = {};
  for (int i = 0; i < 60'000; ++i) ++counts[rng.below(6)];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
  EXPECT_EQ(rng.below(1), 0u);
  const std::uint64_t huge = 3ull << 62;  // a quarter of the raw numbers must be drawn again
  for (int i = 0; i < 100; ++i) EXPECT_LT(rng.below(huge), huge);
}

TEST(Rng, BothEndsOfBetweenOccur) {
  Rng rng(1);
  std::set<std::int64_t> seen;
  for (int i = 0; i < 200; ++i) seen.insert(rng.between(-2, 2));
  EXPECT_EQ(seen, (std::set<std::int64_t>{-2, -1, 0, 1, 2}));
}

struct Moments {
  double mean = 0, variance = 0;
};

template <class Draw>
Moments moments_of(Draw draw) {
  constexpr int kCount = 40'000;
  double sum = 0, squares = 0;
  for (int i = 0; i < kCount; ++i) {
    const double x = draw();
    sum += x;
    squares += x * x;
  }
  const double mean = sum / kCount;
  return {mean, squares / kCount - mean * mean};
}

TEST(Rng, DistributionsHaveTheirMoments) {
  Rng rng(3);
  const auto uniform = moments_of([&] { return rng.uniform(); });
  EXPECT_NEAR(uniform.mean, 0.5, 0.01);
  EXPECT_NEAR(uniform.variance, 1.0 / 12, 0.003);
  const auto normal = moments_of([&] { return rng.normal(); });
  EXPECT_NEAR(normal.mean, 0, 0.02);
  EXPECT_NEAR(normal.variance, 1, 0.03);
  for (const double alpha : {0.2, 0.8, 1.0, 2.0, 8.0}) {  // Beta(a, a) has the variance 1 / (4 (2 a + 1))
    const auto beta = moments_of([&] { return rng.beta(alpha); });
    EXPECT_NEAR(beta.mean, 0.5, 0.01) << alpha;
    EXPECT_NEAR(beta.variance, 1 / (4 * (2 * alpha + 1)), 0.004) << alpha;
  }
}

TEST(Rng, ShufflesReachEveryOrder) {
  std::set<std::vector<int>> orders;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    std::vector<int> values{0, 1, 2, 3};
    Rng(seed, RandomPurpose::order).shuffle(values);
    orders.insert(values);
  }
  EXPECT_EQ(orders.size(), 24u);
}

}  // namespace
}  // namespace vitral
