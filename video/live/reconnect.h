/// When to try a lost source again.
#pragma once

#include <cstdint>
#include <random>

namespace vitral::video {

/// Waits of 0.5 s, doubling up to 30 s, each off by up to a fifth so that many sources do not come back at once.
class Reconnect {
 public:
  /// `tries`: failed tries in a row that are allowed; 0: none.
  Reconnect(std::int64_t tries, std::uint64_t seed) : tries_(tries), random_(seed) {}
  /// A try failed, or the connection was lost. True where there is another one.
  bool again() { return failed_ < tries_; }
  /// Seconds to wait before it.
  double wait_s();
  void succeeded() { failed_ = 0; }

 private:
  std::int64_t tries_, failed_ = 0;
  std::mt19937_64 random_;
};

}  // namespace vitral::video
