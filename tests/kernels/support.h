/// Every implementation that this processor can run, as parameters of tests.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "common/kernels/cpu.h"

namespace vitral::kernels {

struct CpuCase {
  std::string name;
  CpuFeatures features;
};

inline void PrintTo(const CpuCase& cpu, std::ostream* out) {
  *out << cpu.name;
}

/// From plain C++ up to what this machine has, one step at a time.
inline std::vector<CpuCase> runnable_cpus() {
  const CpuFeatures here = this_cpu().features;
  std::vector<CpuCase> cases = {{"portable", {}}};
  if (here.avx2) cases.push_back({"avx2", {.avx2 = true}});
  if (here.avx512) cases.push_back({"avx512", {.avx2 = true, .avx512 = true}});
  if (here.avx512_bf16) cases.push_back({"avx512_bf16", {.avx2 = true, .avx512 = true, .avx512_bf16 = true}});
  return cases;
}

}  // namespace vitral::kernels
