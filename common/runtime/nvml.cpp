#include "common/runtime/nvml.h"

#include <dlfcn.h>

#include <array>
#include <utility>

namespace vitral {
namespace {

// NVML's interface (nvml.h, which is no part of the toolkit's runtime): 0 is success, a device is an opaque pointer.
using Device = void*;
constexpr unsigned kProcessorClock = 1, kMemoryClock = 2;

template <class Function>
Function* symbol(void* library, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(library, name));
}

class Nvml final : public GpuMonitor {
 public:
  /// `library`: libnvidia-ml.so.1
  explicit Nvml(void* library)
      : clock_(symbol<Clock>(library, "nvmlDeviceGetClockInfo")),
        most_(symbol<Clock>(library, "nvmlDeviceGetMaxClockInfo")),
        reasons_(symbol<Reasons>(library, "nvmlDeviceGetCurrentClocksEventReasons")),
        shutdown_(symbol<int()>(library, "nvmlShutdown")) {
    if (reasons_ == nullptr) reasons_ = symbol<Reasons>(library, "nvmlDeviceGetCurrentClocksThrottleReasons");
    auto* const init = symbol<int()>(library, "nvmlInit_v2");
    auto* const find = symbol<int(const char*, Device*)>(library, "nvmlDeviceGetHandleByPciBusId_v2");
    runs_ = init != nullptr && find != nullptr && init() == 0;
    find_ = find;
  }
  ~Nvml() override {
    if (runs_ && shutdown_ != nullptr) shutdown_();
  }
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  bool find(const std::string& bus) { return runs_ && find_(bus.c_str(), &device_) == 0; }

  GpuClocks clocks() const override {
    GpuClocks now;
    if (clock_ != nullptr) clock_(device_, kProcessorClock, &now.processors);
    if (clock_ != nullptr) clock_(device_, kMemoryClock, &now.memory);
    if (most_ != nullptr) most_(device_, kProcessorClock, &now.most);
    unsigned long long bits = 0;
    if (reasons_ != nullptr && reasons_(device_, &bits) == 0) now.reasons = bits;
    return now;
  }

 private:
  using Clock = int(Device, unsigned, unsigned*);
  using Reasons = int(Device, unsigned long long*);
  Clock *clock_, *most_;
  Reasons* reasons_;
  int (*shutdown_)();
  int (*find_)(const char*, Device*) = nullptr;
  bool runs_ = false;
  Device device_ = nullptr;
};

}  // namespace

std::unique_ptr<GpuMonitor> open_monitor(const std::string& bus) {
  void* const library = ::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return nullptr;
  auto monitor = std::make_unique<Nvml>(library);
  if (!monitor->find(bus)) return nullptr;
  return monitor;
}

std::vector<std::string> throttle_words(std::uint64_t reasons) {
  constexpr std::array<std::pair<std::uint64_t, const char*>, 7> kWords = {{{0x2, "clocks set by an application"},
                                                                            {0x4, "power cap"},
                                                                            {0x8, "hardware slowdown"},
                                                                            {0x10, "clocks of other GPUs"},
                                                                            {0x20, "temperature"},
                                                                            {0x40, "temperature (hardware)"},
                                                                            {0x80, "power brake"}}};
  std::vector<std::string> words;
  for (const auto& [bit, text] : kWords) {
    if ((reasons & bit) != 0) words.emplace_back(text);
  }
  return words;
}

}  // namespace vitral
