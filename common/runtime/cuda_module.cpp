// The module behind a GPU: CUDA graphs, pinned uploads, timing and memory by LibTorch's CUDA library.
#include "common/runtime/cuda_module.h"

#include <ATen/core/CachingHostAllocator.h>
#include <ATen/cuda/CUDAGraph.h>
#include <ATen/ops/empty.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>

#include <array>
#include <atomic>
#include <cstring>
#include <exception>
#include <mutex>

namespace {

using c10::cuda::CUDAEvent;
using c10::cuda::CUDAGuard;
using c10::cuda::CUDAStream;
using c10::cuda::CUDAStreamGuard;
namespace allocator = c10::cuda::CUDACachingAllocator;

class Graph final : public vitral::Recording {
 public:
  void replay() override { graph.replay(); }
  at::cuda::CUDAGraph graph;
};

/// While it lives, operators that wait for the device throw instead. It holds for all threads: others that use the GPU
/// have to wait for their turn, as those of a ReplayCache do.
class NoWaiting {
 public:
  NoWaiting() : before_(state().get_sync_debug_mode()) {
    state().set_sync_debug_mode(c10::cuda::SyncDebugMode::L_ERROR);
  }
  ~NoWaiting() { state().set_sync_debug_mode(before_); }
  NoWaiting(const NoWaiting&) = delete;
  NoWaiting& operator=(const NoWaiting&) = delete;

 private:
  static c10::cuda::WarningState& state() { return c10::cuda::warning_state(); }
  c10::cuda::SyncDebugMode before_;
};

void wait_for(const CUDAStream& stream) {
  C10_CUDA_CHECK(cudaStreamSynchronize(stream.stream()));
}

class GraphRecorder final : public vitral::Recorder {
 public:
  explicit GraphRecorder(c10::DeviceIndex device)
      : device_(device),
        stream_(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device)),
        pool_(at::cuda::graph_pool_handle()) {}

  // cuDNN's search for the fastest algorithm stays off: LibTorch keeps the first plan of each convolution for the
  // thread, so a search would have to come before the first plain call, and a recording would then not be what the
  // plain calls are, number for number.
  std::unique_ptr<vitral::Recording> record(const std::function<void()>& work) override {
    const CUDAGuard device(device_);
    const auto before = c10::cuda::getCurrentCUDAStream(device_);
    wait_for(before);  // the inputs have been written there
    const CUDAStreamGuard guard(stream_);
    constexpr int kWarmUp = 3;  // libraries make their handles and workspaces for this stream
    for (int run = 0; run + 1 < kWarmUp; ++run) work();
    {
      const NoWaiting strict;  // a recording that fails leaves more to clear away than a call that does
      work();
    }
    wait_for(stream_);
    auto recording = std::make_unique<Graph>();
    try {
      recording->graph.capture_begin(pool_, cudaStreamCaptureModeThreadLocal);
      work();
      recording->graph.capture_end();
    } catch (...) {
      give_up(recording->graph);
      throw;
    }
    return recording;
  }

 private:
  /// Ends a recording that went wrong. LibTorch leaves its allocators in the middle of it where the stream's recording
  /// was broken; each step may have been done already, and throws then.
  void give_up(at::cuda::CUDAGraph& graph) const {
    const auto attempt = [](auto step) {
      try {
        step();
        return true;
      } catch (const std::exception&) {
        return false;
      }
    };
    if (attempt([&] { graph.capture_end(); })) return;
    cudaStreamCaptureStatus status{};
    cudaGraph_t broken = nullptr;
    if (cudaStreamIsCapturing(stream_.stream(), &status) == cudaSuccess && status != cudaStreamCaptureStatusNone) {
      static_cast<void>(cudaStreamEndCapture(stream_.stream(), &broken));
      if (broken != nullptr) static_cast<void>(cudaGraphDestroy(broken));
    }
    static_cast<void>(cudaGetLastError());
    if (attempt([&] { allocator::endAllocateToPool(device_, pool_); })) {
      attempt([&] { allocator::releasePool(device_, pool_); });
    }
    auto* const host = at::getHostAllocator(at::kCUDA);
    if (attempt([&] { host->end_allocate_to_pool(pool_); })) attempt([&] { host->release_pool(pool_); });
  }

  c10::DeviceIndex device_;
  CUDAStream stream_;      // one for all: the workspaces of its warm-up serve the recording
  c10::MempoolId_t pool_;  // shared: recordings run one after another, so what is in between may lie in one place
};

class EventTimer final : public vitral::GpuTimer {
 public:
  explicit EventTimer(c10::DeviceIndex device) : device_(device) {}
  void start() override { begin_.record(c10::cuda::getCurrentCUDAStream(device_)); }
  void stop() override { end_.record(c10::cuda::getCurrentCUDAStream(device_)); }
  double ms() override {
    end_.synchronize();
    return begin_.elapsed_time(end_);
  }

 private:
  c10::DeviceIndex device_;
  CUDAEvent begin_{cudaEventDefault}, end_{cudaEventDefault};
};

/// What lies on the GPU once the stream of the uploads has come to where it was queued.
class Uploaded final : public vitral::Upload {
 public:
  Uploaded(at::Tensor tensor, const CUDAStream& stream) : tensor_(std::move(tensor)) { ready_.record(stream); }

  at::Tensor wait() const override {
    const auto user = c10::cuda::getCurrentCUDAStream(tensor_.device().index());
    ready_.block(user);
    // Its memory is not used anew before the user is done.
    allocator::recordStream(tensor_.storage().data_ptr(), user);
    return tensor_;
  }

 private:
  at::Tensor tensor_;
  mutable CUDAEvent ready_;
};

/// Pinned memory that pictures pass through in turns, and the stream that they are copied on.
class Uploads {
 public:
  explicit Uploads(c10::DeviceIndex device) : device_(device), stream_(c10::cuda::getStreamFromPool(false, device)) {}

  std::shared_ptr<const vitral::Upload> upload(const at::Tensor& host, const vitral::Arrival& arrival) {
    TORCH_CHECK(host.is_cpu() && host.is_contiguous(), "an upload takes a contiguous tensor on the CPU");
    const CUDAGuard device(device_);
    const CUDAStreamGuard guard(stream_);
    auto there = at::empty(host.sizes(), host.options().device(at::Device(at::kCUDA, device_)));
    copy(host, there);
    if (arrival) there = arrival(there);
    return std::make_shared<Uploaded>(std::move(there), stream_);
  }

 private:
  struct Slot {
    std::mutex mutex;
    at::Tensor memory;
    CUDAEvent copied;
  };

  void copy(const at::Tensor& host, const at::Tensor& there) {
    auto& slot = slots_[next_++ % slots_.size()];
    const std::lock_guard lock(slot.mutex);
    slot.copied.synchronize();  // the copy before has left it
    const auto bytes = static_cast<std::int64_t>(host.nbytes());
    if (bytes == 0) return;
    if (!slot.memory.defined() || slot.memory.numel() < bytes) {
      slot.memory = at::empty({bytes}, at::TensorOptions(at::kByte).pinned_memory(true));
    }
    std::memcpy(slot.memory.mutable_data_ptr(), host.const_data_ptr(), host.nbytes());
    C10_CUDA_CHECK(cudaMemcpyAsync(there.mutable_data_ptr(), slot.memory.const_data_ptr(), host.nbytes(),
                                   cudaMemcpyHostToDevice, stream_.stream()));
    slot.copied.record(stream_);
  }

  c10::DeviceIndex device_;
  CUDAStream stream_;
  std::array<Slot, 4> slots_;  // as many threads fill them at a time
  std::atomic<std::size_t> next_ = 0;
};

class CudaGpu final : public vitral::Gpu {
 public:
  explicit CudaGpu(const at::Device& device) : device_(device.index()), uploads_(device.index()) {}

  vitral::GpuProperties properties() const override {
    cudaDeviceProp device{};
    C10_CUDA_CHECK(cudaGetDeviceProperties(&device, device_));
    vitral::GpuProperties result;
    result.name = device.name;
    std::array<char, 32> bus{};
    C10_CUDA_CHECK(cudaDeviceGetPCIBusId(bus.data(), static_cast<int>(bus.size()), device_));
    result.bus = bus.data();
    result.major = device.major;
    result.minor = device.minor;
    result.memory = device.totalGlobalMem;
    result.processors = device.multiProcessorCount;
    C10_CUDA_CHECK(cudaDriverGetVersion(&result.driver));
    C10_CUDA_CHECK(cudaRuntimeGetVersion(&result.runtime));
    return result;
  }
  vitral::GpuMemory memory() const override {
    constexpr std::size_t kAll = 0;  // large and small blocks together
    const CUDAGuard device(device_);
    vitral::GpuMemory result;
    C10_CUDA_CHECK(cudaMemGetInfo(&result.free, &result.total));
    result.peak = static_cast<std::size_t>(allocator::getDeviceStats(device_).allocated_bytes[kAll].peak);
    return result;
  }
  void reset_peak() override { allocator::resetPeakStats(device_); }
  void free_cache() override { allocator::emptyCache(); }
  void synchronise() override {
    const CUDAGuard device(device_);
    c10::cuda::device_synchronize();
  }
  std::shared_ptr<vitral::Recorder> recorder() override { return std::make_shared<GraphRecorder>(device_); }
  std::unique_ptr<vitral::GpuTimer> timer() override { return std::make_unique<EventTimer>(device_); }
  std::shared_ptr<const vitral::Upload> upload(const at::Tensor& host, const vitral::Arrival& arrival) override {
    return uploads_.upload(host, arrival);
  }

 private:
  c10::DeviceIndex device_;
  Uploads uploads_;
};

// C++ passes and returns classes: the name alone is C's.
std::shared_ptr<vitral::Gpu> open_cuda(const at::Device& device) {
  return std::make_shared<CudaGpu>(device);
}

}  // namespace

extern "C" vitral::MakeGpu* const vitral_cuda_gpu;
vitral::MakeGpu* const vitral_cuda_gpu = open_cuda;
