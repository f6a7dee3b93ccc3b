/// How long something took.
#pragma once

#include <chrono>

namespace vitral {

/// Milliseconds of the steady clock since it was made, or since the last call of lap().
class StopWatch {
 public:
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const double ms = std::chrono::duration<double, std::milli>(now - last_).count();
    last_ = now;
    return ms;
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace vitral
