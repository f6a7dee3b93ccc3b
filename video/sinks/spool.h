/// Work for an output that may be slow or dead, done on a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace vitral::video {

/// offered = done + failed + dropped + waiting, at every moment.
struct SpoolCounts {
  std::uint64_t done = 0;
  std::uint64_t failed = 0;   ///< the output refused them
  std::uint64_t dropped = 0;  ///< there was no room, or no time at the end
};

struct SpoolRules {
  std::size_t bound = 256;  ///< values that wait, at most
  std::size_t most = 1;     ///< values that are taken together
  /// How long who offers may wait for room. An output that gave none within it is dead, and nobody waits for it any
  /// more, until it takes something again.
  std::chrono::milliseconds patience{0};
};

/// Thread-safe.
template <class Value>
class Spool {
 public:
  /// Writes a batch; false, or an exception: it failed. Returns soon once `give_up` is true.
  using Take = std::function<bool(std::vector<Value>& batch, const std::atomic<bool>& give_up)>;

  Spool(const SpoolRules& rules, Take take)
      : state_(std::make_shared<State>(rules)),
        thread_([state = state_, take = std::move(take)] { state->work(take); }) {}
  ~Spool() { finish(std::chrono::seconds(0)); }
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  /// False where the value was dropped.
  bool offer(Value value) {
    std::unique_lock lock(state_->mutex);
    const auto has_room = [this] { return state_->closed || state_->values.size() < state_->rules.bound; };
    if (!has_room() && !state_->dead) state_->dead = !state_->changed.wait_for(lock, state_->rules.patience, has_room);
    if (state_->closed || !has_room()) {
      ++state_->counts.dropped;
      return false;
    }
    state_->values.push_back(std::move(value));
    state_->changed.notify_all();
    return true;
  }

  SpoolCounts counts() const {
    const std::lock_guard lock(state_->mutex);
    return state_->counts;
  }

  /// Waits up to `limit` for what waits to be taken. What is not by then is dropped; a thread that is stuck in the
  /// output is left behind.
  SpoolCounts finish(std::chrono::milliseconds limit) {
    std::unique_lock lock(state_->mutex);
    state_->closed = true;
    state_->changed.notify_all();
    const auto ended = [this] { return state_->ended; };
    if (!state_->changed.wait_for(lock, limit, ended)) {
      state_->give_up = true;
      state_->counts.dropped += state_->values.size();
      state_->values.clear();
      state_->changed.notify_all();
      state_->changed.wait_for(lock, std::chrono::seconds(1), ended);
    }
    if (thread_.joinable()) {
      if (state_->ended) {
        lock.unlock();
        thread_.join();
        lock.lock();
      } else {
        state_->counts.dropped += state_->taken;
        state_->left_behind = true;
        thread_.detach();
      }
    }
    return state_->counts;
  }

 private:
  /// Shared with the thread, which may outlive the spool.
  struct State {
    explicit State(const SpoolRules& rules_) : rules(rules_) {}

    void work(const Take& take) {
      std::unique_lock lock(mutex);
      while (true) {
        changed.wait(lock, [this] { return closed || !values.empty(); });
        if (values.empty()) break;
        std::vector<Value> batch;
        for (; batch.size() < rules.most && !values.empty(); values.pop_front())
          batch.push_back(std::move(values.front()));
        taken = batch.size();
        changed.notify_all();
        lock.unlock();
        bool good = false;
        try {
          good = take(batch, give_up);
        } catch (...) {  // counted: an output's trouble is not the pipeline's
        }
        lock.lock();
        if (!left_behind) (good ? counts.done : give_up ? counts.dropped : counts.failed) += taken;
        taken = 0;
        if (good) dead = false;
      }
      ended = true;
      changed.notify_all();
    }

    std::mutex mutex;
    std::condition_variable changed;
    const SpoolRules rules;
    std::deque<Value> values;
    std::size_t taken = 0;  ///< by the thread at present
    bool closed = false, dead = false, ended = false, left_behind = false;
    std::atomic<bool> give_up = false;
    SpoolCounts counts;
  };

  std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace vitral::video
