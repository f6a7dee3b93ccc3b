/// Threads that work on one thing together: a step is a loop whose rounds they share out, and the next step begins when
/// all are done. On the host one thread does it all, backwards, so that a step that needs an order is found.
#pragma once

#include <vector>

#include "common/kernels/cuda/launch.h"

namespace vitral::kernels::cuda {

/// A team on the host. What a GPU's teams offer is the same (launch.cuh).
struct HostTeam {
  /// f(i) for each i of [0, count); done, and seen by everybody, on return.
  template <class F>
  VITRAL_INLINE void for_each(std::int64_t count, const F& f) const {
    on_host(count, f);
  }

  /// The sum of f(i), known to everybody.
  template <class F>
  VITRAL_INLINE float sum(std::int64_t count, const F& f) const {
    float sum = 0;
    on_host(count, [&](std::int64_t i) VITRAL_INLINE_LAMBDA { sum += f(i); });
    return sum;
  }
};

/// f(team, i) for each i of [0, count), as the teams of a GPU would.
template <class F>
void teams_on_host(std::int64_t count, const F& f) {
  on_host(count, [&](std::int64_t i) { f(HostTeam(), i); });
}

/// f(team, i, memory of f.bytes() bytes in which nothing has been written) for each i of [0, f.count()).
template <class F>
void blocks_on_host(const F& f) {
  on_host(f.count(), [&](std::int64_t i) {
    std::vector<float> memory(static_cast<std::size_t>(f.bytes()) / sizeof(float), __builtin_nanf(""));
    f(HostTeam(), i, memory.data());
  });
}

}  // namespace vitral::kernels::cuda
