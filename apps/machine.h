/// What this machine is, for reports.
#pragma once

#include <nlohmann/json.hpp>

#include "common/runtime/gpu.h"

namespace vitral::apps {

/// {"cpu", "features", "cores", "memory_mb", "os", "vitral", "libtorch", "opencv"}
nlohmann::ordered_json machine_json();

/// {"name", "capability", "memory_mb", "processors", "driver", "runtime"} of a GPU.
nlohmann::ordered_json gpu_json(const GpuProperties& gpu);

/// Peak resident memory of this process in MB (10^6 bytes).
double peak_rss_mb();
/// Gives freed memory back and lets the peak begin anew.
void reset_peak_rss();

}  // namespace vitral::apps
