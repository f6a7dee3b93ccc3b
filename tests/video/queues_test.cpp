// What hands values from thread to thread, a million times and a thousand starts: under the preset tsan its reports
// count.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <numeric>
#include <thread>

#include "common/core/bounded_queue.h"
#include "video/live/lanes.h"
#include "video/sinks/spool.h"

namespace vitral {
namespace {

using namespace std::chrono_literals;
using video::LanePolicy;

constexpr std::size_t kProducers = 4, kEach = 125'000;

/// A value that two threads must not touch at once.
using Value = std::unique_ptr<std::size_t>;

std::vector<std::thread> producers(const std::function<void(std::size_t producer, std::size_t value)>& push,
                                   const std::function<void(std::size_t producer)>& last) {
  std::vector<std::thread> threads;
  for (std::size_t p = 0; p < kProducers; ++p) {
    threads.emplace_back([=] {
      for (std::size_t i = 0; i < kEach; ++i) push(p, i);
      last(p);
    });
  }
  return threads;
}

TEST(Queues, ABoundedQueueGivesEachValueOnce) {
  BoundedQueue<Value> queue(16);
  std::atomic<std::size_t> open = kProducers;
  auto threads = producers([&](auto p, auto i) { queue.push(std::make_unique<std::size_t>(p * kEach + i)); },
                           [&](auto) {
                             if (--open == 0) queue.close();
                           });
  std::vector<std::size_t> next(kProducers);
  std::size_t seen = 0;
  while (true) {
    const auto some = queue.pop_some(5, 10s, 0s);
    if (some.empty()) break;
    ASSERT_LE(some.size(), 5u);
    for (const auto& value : some) {
      ASSERT_EQ(*value % kEach, next[*value / kEach]++) << "each producer's values in their order";
      ++seen;
    }
  }
  EXPECT_EQ(seen, kProducers * kEach);
  EXPECT_EQ(queue.size(), 0u);
  for (auto& thread : threads) thread.join();
}

TEST(Queues, LanesLoseNothingThatIsNotCounted) {
  video::Lanes<Value> lanes({LanePolicy::all, LanePolicy::newest, LanePolicy::all, LanePolicy::newest}, 4, false);
  auto threads = producers([&](auto p, auto i) { lanes.push(p, std::make_unique<std::size_t>(i)); },
                           [&](auto p) { lanes.finish(p); });
  std::vector<std::size_t> seen(kProducers), next(kProducers);
  while (!lanes.ended()) {
    for (const auto& [lane, value] : lanes.pop(8, 0s, 100ms)) {
      ASSERT_GE(*value, next[lane]);
      next[lane] = *value + 1;
      ++seen[lane];
    }
  }
  for (auto& thread : threads) thread.join();
  for (std::size_t lane = 0; lane < kProducers; ++lane) {
    const auto counts = lanes.counts(lane);
    EXPECT_EQ(counts.pushed, kEach);
    EXPECT_EQ(counts.popped, seen[lane]);
    EXPECT_EQ(counts.popped + counts.replaced + counts.removed + counts.waiting, counts.pushed);
    if (lane % 2 == 0) {
      EXPECT_EQ(seen[lane], kEach) << "all";
    }
  }
}

TEST(Queues, AThousandSpoolsStartAndStop) {
  std::atomic<std::size_t> done = 0;
  std::size_t counted = 0;
  for (int i = 0; i < 1'000; ++i) {
    video::Spool<Value> spool({4, 2, 1s}, [&](std::vector<Value>& values, const auto&) {
      done += values.size();
      return true;
    });
    std::thread other([&] { spool.offer(std::make_unique<std::size_t>(1)); });
    spool.offer(std::make_unique<std::size_t>(2));
    other.join();
    counted += spool.finish(10s).done;
  }
  EXPECT_EQ(counted, 2'000u);
  EXPECT_EQ(done, 2'000u);
}

TEST(Queues, AThousandLanesAreDroppedWhileTheyAreInUse) {
  for (int i = 0; i < 1'000; ++i) {
    video::Lanes<Value> lanes({LanePolicy::all, LanePolicy::newest}, 2, false);
    std::thread all([&] {
      while (lanes.push(0, std::make_unique<std::size_t>(0))) {
      }
    });
    std::thread newest([&] {
      while (lanes.push(1, std::make_unique<std::size_t>(0))) {
      }
    });
    for (int taken = 0; taken < 20;) taken += static_cast<int>(lanes.pop(4, 0s, 1s).size());
    lanes.drop(0);
    lanes.drop(1);
    all.join();
    newest.join();
    for (const std::size_t lane : {0u, 1u}) {
      const auto counts = lanes.counts(lane);
      EXPECT_EQ(counts.pushed, counts.popped + counts.replaced + counts.removed);
    }
  }
}

}  // namespace
}  // namespace vitral
