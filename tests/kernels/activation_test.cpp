#include "common/kernels/activation.h"

#include <gtest/gtest.h>

#include <limits>
#include <tuple>

#include "tests/kernels/support.h"

namespace vitral::kernels {
namespace {

std::string name(Activation activation) {
  const char* const names[] = {"none", "relu", "relu6", "gelu", "silu"};
  return names[static_cast<int>(activation)];
}

class Activate : public testing::TestWithParam<std::tuple<CpuCase, Activation, DType>> {
 protected:
  void run(const Buffer& x, const Buffer& out) const {
    activate(std::get<1>(GetParam()), dtype(), x.data(), out.data(), x.count(), std::get<0>(GetParam()).features);
  }
  void run_twin(const Buffer& x, const Buffer& out) const {
    activate_reference(std::get<1>(GetParam()), dtype(), x.data(), out.data(), x.count());
  }
  DType dtype() const { return std::get<2>(GetParam()); }
};

TEST_P(Activate, EqualsTwinFromMinusToPlusThousand) {
  const std::int64_t steps = 200'003;
  Buffer x(dtype(), steps);
  for (std::int64_t i = 0; i < steps; ++i) {
    const float t = static_cast<float>(i - steps / 2) / (steps / 2);
    x.set(i, i % 8 == 0 ? t * 1000 : t * 12);
  }
  Buffer got(dtype(), steps);
  Buffer expected(dtype(), steps);
  run(x, got);
  run_twin(x, expected);
  double worst = 0;
  for (std::int64_t i = 0; i < steps; ++i) {
    const double y = expected.get(i);
    const double rounding = dtype() == DType::f32 ? 1e-7 : dtype() == DType::bf16 ? 1.0 / 128 : 1.0 / 1024;
    worst = std::fmax(worst, std::fabs(got.get(i) - y) - rounding * std::fabs(y));
  }
  EXPECT_LE(worst, dtype() == DType::f32 ? 2e-7 : 1e-6);
}

TEST_P(Activate, AnyLengthAndInPlace) {
  std::mt19937 random(3);
  for (std::int64_t count = 0; count < 35; ++count) {
    const Buffer x = Buffer::random(dtype(), count, random, 2);
    Buffer expected(dtype(), count);
    run_twin(x, expected);
    run(x, x);
    EXPECT_LE(relative_error(x, expected), dtype() == DType::f32 ? 1e-6 : 1e-2) << count;
  }
}

TEST_P(Activate, Extremes) {
  Buffer x(dtype(), 5);
  x.set(0, std::numeric_limits<float>::quiet_NaN());
  x.set(1, std::numeric_limits<float>::infinity());
  x.set(2, -60000);
  x.set(3, 60000);
  x.set(4, 0);
  run(x, x);
  EXPECT_TRUE(std::isnan(x.get(0)));
  const bool bounded = std::get<1>(GetParam()) == Activation::relu6;
  EXPECT_EQ(x.get(1), bounded ? 6 : std::numeric_limits<float>::infinity());
  EXPECT_NEAR(x.get(2), 0, 1e-30);
  EXPECT_NEAR(x.get(3), bounded ? 6 : 60000, 100);
  EXPECT_EQ(x.get(4), 0);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, Activate,
                         testing::Combine(testing::ValuesIn(runnable_cpus()),
                                          testing::Values(Activation::relu, Activation::relu6, Activation::gelu,
                                                          Activation::silu),
                                          testing::Values(DType::f32, DType::bf16, DType::f16)),
                         [](const testing::TestParamInfo<std::tuple<CpuCase, Activation, DType>>& info) {
                           return std::get<0>(info.param).name + "_" + name(std::get<1>(info.param)) + "_" +
                                  dtype_name(std::get<2>(info.param));
                         });

}  // namespace
}  // namespace vitral::kernels
