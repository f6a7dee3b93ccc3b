/// Running independent pieces of work on a few threads, for the parts that build without LibTorch (it has its own
/// pool).
#pragma once

#include <cstddef>
#include <functional>

namespace vitral {

/// Calls body(i) once for every i in [0, count), on at most `threads` threads of which the caller's is one (0 or less:
/// as many as the machine has). Indices are handed out in order, one at a time. The first exception that a body throws
/// is rethrown here after all threads have ended; indices not yet begun are then left out.
void parallel_for(std::size_t count, int threads, const std::function<void(std::size_t)>& body);

}  // namespace vitral
