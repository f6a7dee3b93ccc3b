/// A queue between threads that never holds more than its bound.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

namespace vitral {

template <class Value>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t bound) : bound_(bound < 1 ? 1 : bound) {}

  /// Waits for room. False, and the value is gone, where the queue was closed.
  bool push(Value value) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || values_.size() < bound_; });
    if (closed_) return false;
    values_.push_back(std::move(value));
    changed_.notify_all();
    return true;
  }

  /// Waits for a value; nothing once the queue is closed and empty.
  std::optional<Value> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !values_.empty(); });
    if (values_.empty()) return std::nullopt;
    std::optional<Value> value(std::move(values_.front()));
    values_.pop_front();
    changed_.notify_all();
    return value;
  }

  /// At most `most` values: waits up to `first` for one, then up to `patience` for more. Nothing where none came.
  std::vector<Value> pop_some(std::size_t most, std::chrono::steady_clock::duration first,
                              std::chrono::steady_clock::duration patience) {
    std::unique_lock lock(mutex_);
    std::vector<Value> batch;
    changed_.wait_for(lock, first, [this] { return closed_ || !values_.empty(); });
    if (values_.empty()) return batch;
    changed_.wait_for(lock, patience, [&] { return closed_ || values_.size() >= most; });
    for (; batch.size() < most && !values_.empty(); values_.pop_front()) batch.push_back(std::move(values_.front()));
    changed_.notify_all();
    return batch;
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return values_.size();
  }

  /// Nothing more comes in; what is in may still be taken.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  const std::size_t bound_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Value> values_;
  bool closed_ = false;
};

}  // namespace vitral
