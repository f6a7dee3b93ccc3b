#include "train/out_of_memory.h"

#include <c10/core/CachingDeviceAllocator.h>
#include <c10/util/Exception.h>

#include <cstdio>
#include <new>
#include <string_view>

namespace vitral::train {
namespace {

/// ", of which 0.3 GiB of 79.1 are free"; empty for the CPU and where the device does not say.
std::string free_memory(const c10::Device& device) {
  if (device.is_cpu()) return "";
  try {
    const auto [free, all] = c10::getDeviceAllocator(device.type())->getMemoryInfo(device.index());
    constexpr double kGib = 1024.0 * 1024 * 1024;
    char text[64];
    std::snprintf(text, sizeof text, ", of which %.1f GiB of %.1f are free", static_cast<double>(free) / kGib,
                  static_cast<double>(all) / kGib);
    return text;
  } catch (const std::exception&) {
    return "";  // the device is beyond asking
  }
}

}  // namespace

bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return true;
  if (dynamic_cast<const c10::Error*>(&error) == nullptr) return false;
  // LibTorch's allocator of the host, and what libraries of a GPU take beside LibTorch's memory.
  const std::string_view text = error.what();
  for (const char* sign : {"DefaultCPUAllocator: can't allocate memory", "DefaultCPUAllocator: not enough memory",
                           "CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED"}) {
    if (text.find(sign) != std::string_view::npos) return true;
  }
  return false;
}

Error no_memory_for(const std::string& model, c10::IntArrayRef shape, const c10::Device& device) {
  return {ErrorKind::unavailable, "model " + model,
          "a batch of " + std::to_string(shape[0]) + " at " + std::to_string(shape[3]) + "x" +
              std::to_string(shape[2]) + " pixels does not fit into the memory of " + device.str() +
              free_memory(device) + ": take a smaller -b with --accum, --checkpointing, or a smaller --imgsz"};
}

}  // namespace vitral::train
