#include "video/live/media_clock.h"

#include <algorithm>
#include <cmath>

namespace vitral::video {
namespace {

constexpr double kLargestJumpMs = 5'000, kLeastStepMs = 0.001;

}  // namespace

double MediaClock::stamp(std::optional<double> own_ms, double arrival_ms) {
  if (own_ms && !std::isfinite(*own_ms)) own_ms.reset();
  const double passed = arrival_ms - last_arrival_;
  double step = passed;
  if (own_ms && last_own_) {
    const double own_step = *own_ms - *last_own_;
    if (own_step > 0 && own_step <= std::max(passed, 0.0) + kLargestJumpMs) step = own_step;
  }
  if (started_) now_ += std::max(step, kLeastStepMs);
  started_ = true;
  last_arrival_ = arrival_ms;
  last_own_ = own_ms;
  return now_;
}

}  // namespace vitral::video
