#include "apps/machine.h"

#include <malloc.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <fstream>
#include <opencv2/core/version.hpp>
#include <thread>

#include "common/kernels/cpu.h"
#include "common/runtime/device.h"

namespace vitral::apps {

nlohmann::ordered_json machine_json() {
  const auto& cpu = kernels::this_cpu();
  struct sysinfo memory = {};
  ::sysinfo(&memory);
  struct utsname system = {};
  ::uname(&system);
  return {{"cpu", cpu.name},
          {"features", kernels::feature_names(cpu.features)},
          {"cores", std::thread::hardware_concurrency()},
          {"memory_mb", static_cast<std::uint64_t>(memory.totalram) * memory.mem_unit / 1'000'000},
          {"os", std::string(system.sysname) + " " + system.release},
          {"vitral", VITRAL_VERSION},
          {"libtorch", VITRAL_LIBTORCH_VERSION},
          {"opencv", CV_VERSION}};
}

nlohmann::ordered_json gpu_json(const GpuProperties& gpu) {
  return {{"name", gpu.name},
          {"capability", std::to_string(gpu.major) + "." + std::to_string(gpu.minor)},
          {"memory_mb", gpu.memory / 1'000'000},
          {"processors", gpu.processors},
          {"driver", cuda_version_text(gpu.driver)},
          {"runtime", cuda_version_text(gpu.runtime)}};
}

double peak_rss_mb() {
  struct rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

void reset_peak_rss() {
  ::malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";  // what can't be opened leaves the peak of the whole process
}

}  // namespace vitral::apps
