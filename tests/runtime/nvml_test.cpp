// What a GPU's driver tells of its clocks, as far as it can be tried without one.
#include "common/runtime/nvml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vitral {
namespace {

TEST(Nvml, ReasonsHaveWords) {
  EXPECT_THAT(throttle_words(0), testing::IsEmpty());
  EXPECT_THAT(throttle_words(0x1), testing::IsEmpty());  // it has nothing to do
  EXPECT_THAT(throttle_words(0x1 | 0x4 | 0x40), testing::ElementsAre("power cap", "temperature (hardware)"));
  EXPECT_EQ(throttle_words(~0ull).size(), 7u);
}

TEST(Nvml, AnUnknownGpuHasNoMonitor) {
  EXPECT_EQ(open_monitor("ffff:ff:1f.0"), nullptr);
}

}  // namespace
}  // namespace vitral
