#include "video/live/reconnect.h"

#include <algorithm>
#include <cmath>

namespace vitral::video {

double Reconnect::wait_s() {
  constexpr double kFirst = 0.5, kLongest = 30, kJitter = 0.2;
  const double plain = std::min(kFirst * std::exp2(static_cast<double>(std::min<std::int64_t>(failed_, 20))), kLongest);
  ++failed_;
  return std::min(plain * std::uniform_real_distribution<double>(1 - kJitter, 1 + kJitter)(random_), kLongest);
}

}  // namespace vitral::video
