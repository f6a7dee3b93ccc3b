/// A GPU that is none: tensors stay on the CPU, and what was asked for is written down.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "common/runtime/gpu.h"

namespace vitral::test {

class FakeGpu : public Gpu {
 public:
  GpuProperties properties() const override { return {}; }
  GpuMemory memory() const override { return {3ull << 29, 80ull << 30, 0}; }
  void reset_peak() override {}
  void free_cache() override { ++freed; }
  void synchronise() override {}
  std::shared_ptr<Recorder> recorder() override { return std::make_shared<Once>(); }
  std::unique_ptr<GpuTimer> timer() override { return nullptr; }
  std::shared_ptr<const Upload> upload(const at::Tensor& host, const Arrival& arrival) override {
    EXPECT_TRUE(host.is_contiguous());
    if (is_full) TORCH_CHECK_WITH(OutOfMemoryError, false, "CUDA out of memory. Tried to allocate");
    const int number = uploads++;
    auto there = host.clone();
    write("upload " + std::to_string(number));
    if (arrival) there = arrival(there);
    return std::make_shared<Uploaded>(*this, number, std::move(there));
  }
  std::vector<std::string> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  int freed = 0;
  std::atomic<int> uploads = 0;
  bool is_full = false;

 private:
  class Uploaded : public Upload {
   public:
    Uploaded(const FakeGpu& gpu, int number, at::Tensor tensor)
        : gpu_(gpu), number_(number), tensor_(std::move(tensor)) {}
    at::Tensor wait() const override {
      gpu_.write("wait " + std::to_string(number_));
      return tensor_;
    }

   private:
    const FakeGpu& gpu_;
    int number_;
    at::Tensor tensor_;
  };
  struct Once : Recorder {
    struct Nothing : Recording {
      void replay() override {}
    };
    std::unique_ptr<Recording> record(const std::function<void()>& work) override {
      work();
      return std::make_unique<Nothing>();
    }
  };
  void write(std::string call) const {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
  }
  mutable std::mutex mutex_;
  mutable std::vector<std::string> calls_;
};

}  // namespace vitral::test
