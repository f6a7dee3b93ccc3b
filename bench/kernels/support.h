/// What the kernel benchmarks share.
#pragma once

#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace vitral::bench {

/// Threads as VITRAL_THREADS says, else 2.
inline void set_threads() {
  const char* wanted = std::getenv("VITRAL_THREADS");
  at::set_num_threads(wanted != nullptr ? std::atoi(wanted) : 2);
}

/// Repeated, interleaved and judged by the minimum: on a shared machine everything else is noise.
inline void timed(benchmark::internal::Benchmark* bench) {
  bench->Unit(benchmark::kMicrosecond)->UseRealTime()->MinTime(0.02)->Repetitions(15)->ReportAggregatesOnly(true);
  bench->ComputeStatistics("min", [](const std::vector<double>& v) { return *std::min_element(v.begin(), v.end()); });
}

inline int run(int argc, char** argv) {
  set_threads();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace vitral::bench
