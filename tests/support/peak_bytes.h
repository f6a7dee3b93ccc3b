/// How much memory a computation takes.
#pragma once

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <memory>

namespace vitral::test {

/// Hears of every tensor that this thread makes or drops on the CPU.
class AllocationListener final : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, std::int64_t bytes, std::size_t, std::size_t, c10::Device) override {
    held_ += bytes;
    peak_ = std::max(peak_, held_);
  }
  bool memoryProfilingEnabled() const override { return true; }
  std::int64_t peak() const { return peak_; }

 private:
  std::int64_t held_ = 0, peak_ = 0;
};

/// The most bytes of CPU tensors that `work` holds at once, beyond those held before.
template <class Work>
std::int64_t peak_bytes(Work work) {
  const auto listener = std::make_shared<AllocationListener>();
  const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, listener);
  work();
  return listener->peak();
}

}  // namespace vitral::test
