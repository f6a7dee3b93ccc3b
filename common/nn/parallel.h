/// Our loops on LibTorch's threads.
///
/// at::parallel_for is a template whose parallel branch exists only in files compiled for OpenMP, which would bring a
/// second OpenMP runtime into the process; compiled without, it runs everything on one thread and says nothing. So the
/// team of the runtime that libtorch_cpu has loaded already is asked directly: its threads are warm between operators.
#pragma once

#include <ATen/Parallel.h>
#include <c10/util/ParallelGuard.h>
#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>

namespace vitral::nn {

/// The three functions of libgomp that a parallel region needs; all null where LibTorch runs on something else.
struct OpenMpRuntime {
  void (*parallel)(void (*body)(void*), void* data, unsigned threads, unsigned flags) = nullptr;
  int (*thread)() = nullptr;
  int (*team)() = nullptr;

  bool usable() const { return parallel != nullptr && thread != nullptr && team != nullptr; }

  static const OpenMpRuntime& loaded() {
    static const OpenMpRuntime runtime = [] {
      OpenMpRuntime found;
      found.parallel = reinterpret_cast<decltype(found.parallel)>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
      found.thread = reinterpret_cast<decltype(found.thread)>(dlsym(RTLD_DEFAULT, "omp_get_thread_num"));
      found.team = reinterpret_cast<decltype(found.team)>(dlsym(RTLD_DEFAULT, "omp_get_num_threads"));
      return found;
    }();
    return runtime;
  }
};

/// Calls body(begin, end) for contiguous ranges that cover [0, count), at least `grain` long, on the threads of
/// at::get_num_threads(). Inside another parallel region, and for little work, it is one call on this thread.
/// The first exception of a body is thrown here.
template <class Body>
void parallel_ranges(std::int64_t count, std::int64_t grain, const Body& body) {
  if (count <= 0) return;
  const OpenMpRuntime& runtime = OpenMpRuntime::loaded();
  const std::int64_t threads = std::min<std::int64_t>(at::get_num_threads(), count / std::max<std::int64_t>(grain, 1));
  if (threads <= 1 || at::in_parallel_region() || !runtime.usable()) {
    body(std::int64_t{0}, count);
    return;
  }
  struct Region {
    const Body& body;
    const OpenMpRuntime& runtime;
    std::int64_t count;
    std::int64_t threads;
    std::atomic_flag failed = ATOMIC_FLAG_INIT;
    std::exception_ptr error = nullptr;

    void run() {
      // As LibTorch does: always the full team, of which the last may have nothing to do; resizing it is slow.
      const std::int64_t parts = std::min<std::int64_t>(threads, runtime.team());
      const std::int64_t part = runtime.thread();
      if (part >= parts) return;
      c10::ParallelGuard guard(true);
      try {
        const std::int64_t begin = count * part / parts;
        const std::int64_t end = count * (part + 1) / parts;
        if (begin < end) body(begin, end);
      } catch (...) {
        if (!failed.test_and_set()) error = std::current_exception();
      }
    }
  } region{body, runtime, count, threads};
  runtime.parallel([](void* data) { static_cast<Region*>(data)->run(); }, &region, 0, 0);
  if (region.error) std::rethrow_exception(region.error);
}

}  // namespace vitral::nn
