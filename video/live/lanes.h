/// Many sources, one consumer: a bounded lane a source, and batches across them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace vitral::video {

/// What a lane does with a value where it is full.
enum class LanePolicy {
  all,    ///< waits for room: nothing is lost, the source is held back
  newest  ///< holds one value, which a newer one replaces
};

/// pushed = popped + replaced + removed + waiting, at every moment.
struct LaneCounts {
  std::uint64_t pushed = 0, popped = 0, replaced = 0, removed = 0, waiting = 0;
};

/// Thread-safe. Each lane has one producer at a time; order within a lane is kept.
template <class Value>
class Lanes {
 public:
  using Duration = std::chrono::steady_clock::duration;
  using Batch = std::vector<std::pair<std::size_t, Value>>;

  /// `bound`: values that a lane of the policy `all` holds. `in_turn`: a value of each open lane in turn, waited for as
  /// long as it takes, so that the order does not depend on timing; else whatever is ready, first of the lane that was
  /// served longest ago.
  Lanes(std::vector<LanePolicy> policies, std::size_t bound, bool in_turn)
      : bound_(bound < 1 ? 1 : bound), in_turn_(in_turn), lanes_(policies.size()) {
    for (std::size_t i = 0; i < policies.size(); ++i) lanes_[i].policy = policies[i];
  }

  /// False, and the value is gone and not counted, where the lane was closed.
  bool push(std::size_t lane, Value value) {
    std::unique_lock lock(mutex_);
    Lane& to = lanes_[lane];
    if (to.policy == LanePolicy::all) room_.wait(lock, [&] { return to.closed || to.values.size() < bound_; });
    if (to.closed) return false;
    if (to.policy == LanePolicy::newest && !to.values.empty()) {
      to.counts.replaced += to.values.size();
      to.values.clear();
    }
    put(to, std::move(value));
    return true;
  }

  /// Puts the lane's last value behind those that wait, and closes it. What waits may still be taken.
  void finish(std::size_t lane, std::optional<Value> last = std::nullopt) {
    const std::lock_guard lock(mutex_);
    Lane& to = lanes_[lane];
    if (to.closed) return;
    if (last) put(to, std::move(*last));
    to.closed = true;
    changed();
  }

  /// Closes a lane and removes what waits in it.
  void drop(std::size_t lane) {
    const std::lock_guard lock(mutex_);
    Lane& of = lanes_[lane];
    of.closed = true;
    of.counts.removed += of.values.size();
    of.values.clear();
    changed();
  }

  /// At most `most` values; waits up to `first` for one, then up to `patience` for more. Nothing where none came, and
  /// once all lanes have ended.
  Batch pop(std::size_t most, Duration patience, Duration first = std::chrono::hours(24)) {
    std::unique_lock lock(mutex_);
    if (!ready_.wait_for(lock, first, [&] { return next_lane().has_value() || all_ended(); })) return {};
    const auto until = std::chrono::steady_clock::now() + patience;
    Batch batch;
    while (batch.size() < most) {
      if (const auto lane = next_lane()) {
        take(*lane, batch);
      } else if (all_ended()) {
        break;
      } else if (in_turn_) {
        ready_.wait(lock, [&] { return next_lane().has_value() || all_ended(); });
      } else if (!ready_.wait_until(lock, until, [&] { return next_lane().has_value() || all_ended(); })) {
        break;
      }
    }
    return batch;
  }

  LaneCounts counts(std::size_t lane) const {
    const std::lock_guard lock(mutex_);
    LaneCounts counts = lanes_[lane].counts;
    counts.waiting = lanes_[lane].values.size();
    return counts;
  }

  /// All lanes are closed and empty.
  bool ended() const {
    const std::lock_guard lock(mutex_);
    return all_ended();
  }

 private:
  struct Lane {
    LanePolicy policy = LanePolicy::all;
    std::deque<Value> values;
    bool closed = false;
    std::uint64_t served = 0;  ///< when last, in values taken from all lanes
    LaneCounts counts;
  };

  void put(Lane& to, Value value) {
    to.values.push_back(std::move(value));
    ++to.counts.pushed;
    ready_.notify_one();
  }

  void changed() {
    ready_.notify_one();
    room_.notify_all();
  }

  void take(std::size_t lane, Batch& batch) {
    Lane& from = lanes_[lane];
    batch.emplace_back(lane, std::move(from.values.front()));
    from.values.pop_front();
    ++from.counts.popped;
    from.served = ++served_;
    turn_ = (lane + 1) % lanes_.size();
    room_.notify_all();
  }

  /// In turn: the next lane, unless it is open and empty. Else, of the lanes with a value, the one that was served
  /// longest ago: a slow source's value, which is soon replaced, does not wait until all fast ones had their turns.
  std::optional<std::size_t> next_lane() const {
    std::optional<std::size_t> next;
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      const std::size_t lane = (turn_ + i) % lanes_.size();
      if (lanes_[lane].values.empty()) {
        if (in_turn_ && !lanes_[lane].closed) return std::nullopt;
        continue;
      }
      if (in_turn_) return lane;
      if (!next || lanes_[lane].served < lanes_[*next].served) next = lane;
    }
    return next;
  }

  bool all_ended() const {
    for (const auto& lane : lanes_) {
      if (!lane.closed || !lane.values.empty()) return false;
    }
    return true;
  }

  const std::size_t bound_;
  const bool in_turn_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;  ///< of the one consumer
  std::condition_variable room_;   ///< of the producers
  std::vector<Lane> lanes_;
  std::size_t turn_ = 0;  ///< the lane after the one that was served last
  std::uint64_t served_ = 0;
};

}  // namespace vitral::video
