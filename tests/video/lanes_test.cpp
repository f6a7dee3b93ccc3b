#include "video/live/lanes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace vitral::video {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using IntLanes = Lanes<int>;

std::vector<int> values(const IntLanes::Batch& batch) {
  std::vector<int> result;
  for (const auto& [lane, value] : batch) result.push_back(value);
  return result;
}

void expect_identity(const LaneCounts& counts) {
  EXPECT_EQ(counts.pushed, counts.popped + counts.replaced + counts.removed + counts.waiting);
}

TEST(Lanes, InTurnTheOrderDoesNotDependOnTiming) {
  IntLanes lanes({LanePolicy::all, LanePolicy::all}, 8, true);
  for (int i = 0; i < 3; ++i) lanes.push(0, i);
  std::thread later([&] {
    std::this_thread::sleep_for(30ms);
    lanes.push(1, 10);
    lanes.push(1, 11);
    lanes.finish(1);
    lanes.finish(0);
  });
  std::vector<int> order;
  for (auto batch = lanes.pop(1, 0s); !batch.empty(); batch = lanes.pop(1, 0s)) order.push_back(batch[0].second);
  later.join();
  EXPECT_THAT(order, ElementsAre(0, 10, 1, 11, 2));
}

TEST(Lanes, ReadyLanesTakeTurnsAndEmptyOnesAreNotWaitedFor) {
  IntLanes lanes({LanePolicy::all, LanePolicy::all, LanePolicy::all}, 8, false);
  for (int i = 0; i < 4; ++i) lanes.push(0, i);
  lanes.push(2, 20);
  lanes.push(2, 21);
  EXPECT_THAT(values(lanes.pop(3, 0s)), ElementsAre(0, 20, 1));
  EXPECT_THAT(values(lanes.pop(9, 5ms)), ElementsAre(21, 2, 3));
}

TEST(Lanes, ASlowLaneIsServedBeforeFastOnesGoRound) {
  IntLanes lanes(std::vector(5, LanePolicy::newest), 1, false);
  for (int i = 0; i < 100; ++i) {
    for (const std::size_t fast : {0, 1, 2, 4}) lanes.push(fast, 0);
    if (i % 6 == 5) {
      lanes.push(3, i);
      EXPECT_THAT(values(lanes.pop(1, 0s)), ElementsAre(i));
    } else {
      lanes.pop(1, 0s);
    }
  }
  // Five of six turns are left to the fast ones, who share them alike.
  for (const std::size_t fast : {0, 1, 2, 4}) EXPECT_NEAR(static_cast<double>(lanes.counts(fast).popped), 21, 1);
}

TEST(Lanes, ABatchWaitsForMoreUntilItsPatienceEnds) {
  IntLanes lanes({LanePolicy::all, LanePolicy::all}, 8, false);
  lanes.push(0, 1);
  std::thread later([&] {
    std::this_thread::sleep_for(20ms);
    lanes.push(1, 2);
  });
  EXPECT_THAT(values(lanes.pop(2, 10s)), ElementsAre(1, 2));
  later.join();
  lanes.push(0, 3);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(values(lanes.pop(2, 30ms)), ElementsAre(3));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 30ms);
}

TEST(Lanes, NewestReplacesAndCounts) {
  IntLanes lanes({LanePolicy::newest}, 4, false);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(lanes.push(0, i));
  EXPECT_THAT(values(lanes.pop(9, 0s)), ElementsAre(4));
  lanes.push(0, 5);
  lanes.finish(0, 99);
  EXPECT_FALSE(lanes.push(0, 6));
  EXPECT_THAT(values(lanes.pop(9, 0s)), ElementsAre(5, 99)) << "a last word replaces nothing";
  EXPECT_TRUE(lanes.pop(9, 10s).empty());
  EXPECT_EQ(lanes.counts(0).replaced, 4u);
  expect_identity(lanes.counts(0));
}

TEST(Lanes, DroppingALaneFreesItsProducerAndCountsWhatWaited) {
  IntLanes lanes({LanePolicy::all, LanePolicy::all}, 2, false);
  std::atomic<int> pushed{0};
  std::thread producer([&] {
    while (lanes.push(0, pushed)) ++pushed;
  });
  while (pushed < 2) std::this_thread::yield();
  lanes.drop(0);
  producer.join();
  EXPECT_EQ(lanes.counts(0).removed, 2u);
  expect_identity(lanes.counts(0));
  lanes.finish(1);
  EXPECT_TRUE(lanes.pop(1, 0s).empty());
}

/// For the thread sanitizer: a million operations of 16 lanes of both policies.
TEST(Lanes, NothingIsLostAndOrderIsKeptUnderLoad) {
  constexpr int kLanes = 16, kValues = 62'500;
  std::vector<LanePolicy> policies(kLanes, LanePolicy::all);
  for (int i = 0; i < kLanes; i += 4) policies[static_cast<std::size_t>(i)] = LanePolicy::newest;
  IntLanes lanes(policies, 4, false);
  std::vector<std::thread> producers;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    producers.emplace_back([&, lane] {
      for (int i = 0; i < kValues; ++i) lanes.push(lane, i);
      lanes.finish(lane);
    });
  }
  std::vector<int> last(kLanes, -1);
  std::vector<std::uint64_t> taken(kLanes);
  for (auto batch = lanes.pop(8, 1ms); !batch.empty(); batch = lanes.pop(8, 1ms)) {
    for (const auto& [lane, value] : batch) {
      ASSERT_GT(value, last[lane]);
      last[lane] = value;
      ++taken[lane];
    }
  }
  for (auto& producer : producers) producer.join();
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const auto counts = lanes.counts(lane);
    expect_identity(counts);
    EXPECT_EQ(counts.pushed, static_cast<std::uint64_t>(kValues));
    EXPECT_EQ(counts.popped, taken[lane]);
    EXPECT_EQ(last[lane], kValues - 1);
    if (policies[lane] == LanePolicy::all) {
      EXPECT_EQ(taken[lane], static_cast<std::uint64_t>(kValues));
    }
  }
}

TEST(Lanes, AThousandStartsAndStops) {
  for (int round = 0; round < 1000; ++round) {
    IntLanes lanes({LanePolicy::all, LanePolicy::newest}, 2, false);
    std::vector<std::thread> producers;
    for (std::size_t lane = 0; lane < 2; ++lane) {
      producers.emplace_back([&, lane] {
        for (int i = 0; lanes.push(lane, i); ++i) {
        }
      });
    }
    for (int i = 0; i < round % 7; ++i) EXPECT_FALSE(lanes.pop(2, 0s).empty());
    for (std::size_t lane = 0; lane < 2; ++lane) lanes.drop(lane);
    for (auto& producer : producers) producer.join();
    EXPECT_TRUE(lanes.pop(2, 0s).empty());
    for (std::size_t lane = 0; lane < 2; ++lane) expect_identity(lanes.counts(lane));
  }
}

}  // namespace
}  // namespace vitral::video
