/// The GPU that tests run on. Two files implement this: a program is linked with gpu_real.cpp and skips its tests where
/// there is no GPU, or with gpu_stand_in.cpp, where our own kernels run on the host's threads and LibTorch's operators
/// on the processor.
#pragma once

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <type_traits>

namespace vitral::test {

/// Why there is no GPU; empty where there is one.
std::string gpu_problem();

/// Where its tensors lie.
at::Device gpu();

/// While it lives, layers of this thread compute on the GPU with tensors that lie there.
class GpuScope {
 public:
  GpuScope();
  ~GpuScope();
  GpuScope(const GpuScope&) = delete;
  GpuScope& operator=(const GpuScope&) = delete;

 private:
  std::shared_ptr<void> scope_;
};

template <class F>
std::invoke_result_t<F> on_gpu(const F& f) {
  const GpuScope scope;
  return f();
}

/// Skips its tests, with the reason, where there is no GPU.
template <class Base>
class NeedsGpu : public Base {
 protected:
  void SetUp() override {
    if (const auto problem = gpu_problem(); !problem.empty()) GTEST_SKIP() << problem;
    device = gpu();
    at::manual_seed(5);
  }
  at::Device device = at::kCPU;
};

}  // namespace vitral::test
