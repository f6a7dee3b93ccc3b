/// A GPU's clocks and what holds them back, as its driver tells (NVML, opened where it is asked for).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace vitral {

struct GpuClocks {
  unsigned processors = 0, most = 0;  ///< MHz of the multiprocessors, now and at best
  unsigned memory = 0;                ///< MHz
  std::uint64_t reasons = 0;          ///< see throttle_words()
};

class GpuMonitor {
 public:
  virtual ~GpuMonitor() = default;
  /// What the driver does not tell stays 0.
  virtual GpuClocks clocks() const = 0;
};

/// The GPU at a PCI bus id (GpuProperties::bus); null where the driver has no NVML or does not know the GPU.
std::unique_ptr<GpuMonitor> open_monitor(const std::string& bus);

/// Why clocks are below what they could be, from the bits that NVML gives; being idle is no reason.
std::vector<std::string> throttle_words(std::uint64_t reasons);

}  // namespace vitral
