/// When a decoder that keeps crashing is given up.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>

namespace vitral::video {

/// How often the children of one source ended by themselves, over all its connections. Thread-safe.
class Crashes {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kMost = 5;
  static constexpr std::chrono::seconds kWithin{60};

  /// Another one. True where that makes kMost within kWithin.
  bool too_many(Time now) {
    const std::lock_guard lock(mutex_);
    times_.push_back(now);
    while (now - times_.front() > kWithin) times_.pop_front();
    return times_.size() >= kMost;
  }

 private:
  std::mutex mutex_;
  std::deque<Time> times_;
};

}  // namespace vitral::video
