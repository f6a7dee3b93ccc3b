/// What the program asks of a GPU beyond LibTorch's operators. It is linked with CUDA and so lies in a module
/// (common/runtime/cuda_module.cpp) that is opened where a GPU is used.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "common/runtime/replay.h"

namespace vitral {

struct GpuMemory {
  std::size_t free = 0, total = 0;  ///< bytes of the device, for all processes
  std::size_t peak = 0;             ///< bytes, the most that this process's tensors have taken since reset_peak()
};

struct GpuProperties {
  std::string name, bus;        ///< "NVIDIA H100 80GB HBM3", "00000000:1B:00.0"
  int major = 0, minor = 0;     ///< compute capability
  std::size_t memory = 0;       ///< bytes
  int processors = 0;           ///< streaming multiprocessors
  int driver = 0, runtime = 0;  ///< CUDA versions, 1000 * major + 10 * minor
};

/// Milliseconds between two points of the current stream, by the device's own clock.
class GpuTimer {
 public:
  virtual ~GpuTimer() = default;
  virtual void start() = 0;
  virtual void stop() = 0;
  /// Waits for the second point.
  virtual double ms() = 0;
};

/// A tensor on its way to a GPU. Uploads may be made by other threads than the one that waits for them.
class Upload {
 public:
  virtual ~Upload() = default;
  /// The tensor there; work on the current stream that comes after sees it whole. The host does not wait.
  virtual at::Tensor wait() const = 0;
};

/// What an upload becomes where it arrives: called by the thread that uploads, with the copy's stream as the current
/// one.
using Arrival = std::function<at::Tensor(const at::Tensor& arrived)>;

class Gpu {
 public:
  virtual ~Gpu() = default;
  virtual GpuProperties properties() const = 0;
  virtual GpuMemory memory() const = 0;
  virtual void reset_peak() = 0;
  /// Gives back what LibTorch's allocator holds and no tensor uses.
  virtual void free_cache() = 0;
  /// Waits until the device has done all that it was asked for.
  virtual void synchronise() = 0;
  virtual std::shared_ptr<Recorder> recorder() = 0;
  virtual std::unique_ptr<GpuTimer> timer() = 0;
  /// A tensor on the CPU, contiguous -> the same on the GPU, or what `arrival` makes of it there, by way of pinned
  /// memory and one stream for all uploads, beside what the current streams compute. The host's tensor is free when
  /// this returns, the copy may not have ended. Thread-safe.
  virtual std::shared_ptr<const Upload> upload(const at::Tensor& host, const Arrival& arrival) = 0;
};

/// The GPU `device`, which has been resolved (common/runtime/device.h); null, with the reason in `why`, for a CPU and
/// where the module was not built or can't be opened.
std::shared_ptr<Gpu> open_gpu(const at::Device& device, std::string& why);

/// "13.0" of 13000.
std::string cuda_version_text(int version);

}  // namespace vitral
