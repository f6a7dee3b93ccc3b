#include "common/kernels/cpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>

#include "common/kernels/dtype.h"

namespace vitral::kernels {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Cpu, NamesWhatIsPresent) {
  EXPECT_THAT(feature_names({}), IsEmpty());
  EXPECT_THAT(feature_names({.avx2 = true, .avx512_bf16 = true, .amx_fp16 = true}),
              ElementsAre("avx2", "avx512_bf16", "amx_fp16"));
}

TEST(Cpu, DetectionIsConsistent) {
  const Cpu cpu = detect_cpu();
  EXPECT_FALSE(cpu.name.empty());
  EXPECT_TRUE(cpu.features.avx2 || !cpu.features.avx512);
  EXPECT_TRUE(cpu.features.avx512 || !(cpu.features.avx512_bf16 || cpu.features.amx_bf16));
  EXPECT_LE(cpu.caches.l1, cpu.caches.l2 > 0 ? cpu.caches.l2 : cpu.caches.l1);
}

/// The kernel's own list of what the processor offers.
TEST(Cpu, AgreesWithLinux) {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line) && line.rfind("flags", 0) != 0) {
  }
  if (line.empty()) GTEST_SKIP() << "/proc/cpuinfo has no flags here";
  std::istringstream words(line);
  const std::vector<std::string> flags{std::istream_iterator<std::string>(words), {}};
  const auto listed = [&](const char* name) { return std::find(flags.begin(), flags.end(), name) != flags.end(); };
  const CpuFeatures f = this_cpu().features;
  EXPECT_EQ(f.avx2, listed("avx2") && listed("fma") && listed("f16c"));
  EXPECT_EQ(f.avx512, listed("avx512f") && listed("avx512bw") && listed("avx512vl") && listed("avx512dq"));
  EXPECT_EQ(f.avx512_bf16, f.avx512 && listed("avx512_bf16"));
  EXPECT_EQ(f.avx512_vnni, f.avx512 && listed("avx512_vnni"));
  EXPECT_EQ(f.avx512_fp16, f.avx512 && listed("avx512_fp16"));
  EXPECT_TRUE(!f.amx_bf16 || listed("amx_bf16"));
}

TEST(HalfPrecision, EveryNumberSurvives) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const Half half{static_cast<std::uint16_t>(bits)};
    const Bf16 bf16{static_cast<std::uint16_t>(bits)};
    if (!std::isnan(to_float(half))) {
      EXPECT_EQ(from_float<Half>(to_float(half)).bits, bits);
    } else {
      EXPECT_TRUE(std::isnan(to_float(from_float<Half>(to_float(half)))));
    }
    if (!std::isnan(to_float(bf16))) {
      EXPECT_EQ(from_float<Bf16>(to_float(bf16)).bits, bits);
    } else {
      EXPECT_TRUE(std::isnan(to_float(from_float<Bf16>(to_float(bf16)))));
    }
  }
}

TEST(HalfPrecision, RoundsToNearestEven) {
  EXPECT_EQ(from_float<Half>(1.0F).bits, 0x3c00);
  EXPECT_EQ(from_float<Half>(-2.0F).bits, 0xc000);
  EXPECT_EQ(from_float<Half>(1.0F + 0x1p-11F).bits, 0x3c00);      // a tie: down to even
  EXPECT_EQ(from_float<Half>(1.0F + 3 * 0x1p-11F).bits, 0x3c02);  // a tie: up to even
  EXPECT_EQ(from_float<Half>(1.0F + 0x1p-11F + 0x1p-20F).bits, 0x3c01);
  EXPECT_EQ(from_float<Half>(65504.0F).bits, 0x7bff);
  EXPECT_EQ(from_float<Half>(65519.0F).bits, 0x7bff);
  EXPECT_EQ(from_float<Half>(65520.0F).bits, 0x7c00);
  EXPECT_EQ(from_float<Half>(0x1p-24F).bits, 0x0001);
  EXPECT_EQ(from_float<Half>(0x1p-25F).bits, 0x0000);
  EXPECT_EQ(from_float<Half>(0x1.8p-25F).bits, 0x0001);
  EXPECT_EQ(from_float<Half>(-std::numeric_limits<float>::infinity()).bits, 0xfc00);
  EXPECT_EQ(to_float(Half{0x3555}), 0x1.554p-2F);
  EXPECT_EQ(from_float<Bf16>(1.0F + 0x1p-8F).bits, 0x3f80);      // a tie: down to even
  EXPECT_EQ(from_float<Bf16>(1.0F + 3 * 0x1p-8F).bits, 0x3f82);  // a tie: up to even
  EXPECT_EQ(from_float<Bf16>(std::numeric_limits<float>::max()).bits, 0x7f80);
}

}  // namespace
}  // namespace vitral::kernels
