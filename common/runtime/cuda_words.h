/// What CUDA and LibTorch report, in plain words.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include "common/runtime/gpu.h"

namespace vitral {

/// Why a driver that knows the CUDA version `driver` (1000 * major + 10 * minor) can't serve a library that was built
/// for `library`; empty where it can. Drivers serve every minor version of their major one.
std::string driver_problem(int driver, int library);

/// Whether the error says that a GPU has no memory left: LibTorch's own, or what its CUDA libraries say.
bool is_out_of_memory(const std::exception& error);

/// One line for an error of LibTorch at the first use of a GPU: a missing architecture by its name, else its first
/// line.
std::string device_failure(std::string_view text);

/// What did not fit into a GPU.
struct Demand {
  std::int64_t batch = 0, height = 0, width = 0;
  std::string_view precision;
};

/// "does not fit …": what was asked for, what is free, and what to change. `memory` is null where nobody knows it.
std::string out_of_memory_text(const Demand& demand, const GpuMemory* memory);

}  // namespace vitral
