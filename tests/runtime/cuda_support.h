/// What the tests on a GPU share.
#pragma once

#include <ATen/Context.h>
#include <gtest/gtest.h>

#include "apps/registry.h"
#include "common/runtime/device.h"
#include "common/runtime/registry.h"
#include "tests/support/gpu.h"
#include "tests/support/tensors.h"

namespace vitral::test {

/// Keeps fp32 what it is: convolutions would else be allowed to round their factors to TF32.
class ExactFloats {
 public:
  ExactFloats()
      : convolutions_(at::globalContext().allowTF32CuDNN()), products_(at::globalContext().allowTF32CuBLAS()) {
    set(false, false);
  }
  ~ExactFloats() { set(convolutions_, products_); }
  ExactFloats(const ExactFloats&) = delete;
  ExactFloats& operator=(const ExactFloats&) = delete;

 private:
  static void set(bool convolutions, bool products) {
    at::globalContext().setAllowTF32CuDNN(convolutions);
    at::globalContext().setAllowTF32CuBLAS(products);
  }
  bool convolutions_, products_;
};

inline const ModelEntry& entry_of(const std::string& name) {
  static const auto registry = apps::make_registry();
  return *registry->resolve(name).entry;
}

/// The largest difference as a share of the largest value: what "relative" means in the promises of this project.
inline double apart(const at::Tensor& there, const at::Tensor& here) {
  if (here.numel() == 0) return 0;
  const auto expected = here.to(at::kDouble);
  const double most = expected.abs().max().item<double>();
  return (there.to(at::kCPU, at::kDouble) - expected).abs().max().item<double>() / std::max(most, 1e-30);
}

/// Weights that went from `start` here and there: nowhere further apart than `bound` of the furthest that one has gone.
/// (Some gradients are zero but for rounding: each weight by itself would compare noise.)
inline void expect_same_way(const std::vector<at::Tensor>& there, const std::vector<at::Tensor>& here,
                            const std::vector<at::Tensor>& start, double bound) {
  ASSERT_EQ(there.size(), here.size());
  ASSERT_EQ(start.size(), here.size());
  double way = 0, apart = 0;
  for (std::size_t i = 0; i < here.size(); ++i) {
    if (here[i].numel() == 0) continue;
    way = std::max(way, (here[i] - start[i]).abs().max().item<double>());
    apart = std::max(apart, (there[i] - here[i]).abs().max().item<double>());
  }
  EXPECT_GT(way, 0) << "nothing was learnt";
  EXPECT_LE(apart, bound * way);
}

}  // namespace vitral::test
