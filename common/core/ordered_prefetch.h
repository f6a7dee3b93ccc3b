/// Work that is done ahead on other threads and collected in its order.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace vitral {

/// Calls `make(i)` for i = 0 … count - 1 on `workers` threads, at most `ahead` results before the one that is due, and hands
/// the results out in order. An exception of make(i) is thrown by the call of next() that is due to get result i.
/// Memory: at most `ahead` results wait at any time.
template <class Result>
class OrderedPrefetch {
 public:
  OrderedPrefetch(std::size_t count, std::size_t workers, std::size_t ahead, std::function<Result(std::size_t)> make)
      : count_(count), ahead_(ahead < 1 ? 1 : ahead), make_(std::move(make)) {
    for (std::size_t i = 0; i < (workers < 1 ? 1 : workers); ++i) threads_.emplace_back([this] { work(); });
  }

  ~OrderedPrefetch() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) thread.join();
  }
  OrderedPrefetch(const OrderedPrefetch&) = delete;
  OrderedPrefetch& operator=(const OrderedPrefetch&) = delete;

  /// The next result, or nothing after the last.
  std::optional<Result> next() {
    std::unique_lock lock(mutex_);
    if (due_ == count_) return std::nullopt;
    changed_.wait(lock, [this] { return done_.contains(due_); });
    auto node = done_.extract(due_++);
    lock.unlock();
    changed_.notify_all();
    if (node.mapped().error) std::rethrow_exception(node.mapped().error);
    return std::move(node.mapped().value);
  }

 private:
  struct Slot {
    std::optional<Result> value;
    std::exception_ptr error;
  };

  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopped_ || started_ == count_ || started_ < due_ + ahead_; });
      if (stopped_ || started_ == count_) return;
      const std::size_t index = started_++;
      lock.unlock();
      Slot slot;
      try {
        slot.value = make_(index);
      } catch (...) {
        slot.error = std::current_exception();
      }
      lock.lock();
      done_.emplace(index, std::move(slot));
      changed_.notify_all();
    }
  }

  const std::size_t count_, ahead_;
  const std::function<Result(std::size_t)> make_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::size_t, Slot> done_;
  std::size_t started_ = 0, due_ = 0;
  bool stopped_ = false;
  std::vector<std::thread> threads_;  // last: started when everything else exists
};

}  // namespace vitral
