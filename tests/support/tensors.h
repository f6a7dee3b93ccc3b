/// What tests ask of tensors.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace vitral::test {

/// max |a - b| / max(1, max |b|)
inline double relative_error(const at::Tensor& a, const at::Tensor& b) {
  if (b.numel() == 0) return 0;
  const auto exact = b.to(at::kDouble);
  return (a.to(at::kDouble) - exact).abs().max().item<double>() / std::max(1.0, exact.abs().max().item<double>());
}

inline void expect_close(const at::Tensor& a, const at::Tensor& b, double tolerance) {
  ASSERT_EQ(a.sizes(), b.sizes());
  ASSERT_TRUE(at::isfinite(a.to(at::kFloat)).all().item<bool>());
  EXPECT_LE(relative_error(a, b), tolerance);
}

inline void expect_equal(const at::Tensor& a, const at::Tensor& b) {
  ASSERT_EQ(a.sizes(), b.sizes());
  EXPECT_TRUE(at::equal(a, b)) << "largest difference " << (a - b).abs().max().item<double>();
}

}  // namespace vitral::test
