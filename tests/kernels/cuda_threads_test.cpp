// The threads that the GPU's kernels run on in these tests: what they find, and what they refuse.
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

#include "tests/kernels/cuda_on_host/threads.h"

namespace vitral::test {
namespace {

constexpr ThreadOrder kOrders[] = {ThreadOrder::forward, ThreadOrder::backward, ThreadOrder::shuffled};

class CudaThreads : public testing::Test {
 protected:
  ~CudaThreads() override { set_thread_order(ThreadOrder::forward); }
};

/// Each thread reads what its neighbour wrote.
std::vector<float> neighbours(ThreadOrder order, bool waits) {
  constexpr std::uint32_t kThreads = 70;
  std::vector<float> got(2 * kThreads);
  set_thread_order(order);
  run_blocks({2, kThreads, kThreads * sizeof(float)}, [&] {
    const auto [thread, block, threads, blocks] = here();
    block_memory()[thread] = static_cast<float>(1000 * block + thread);
    if (waits) wait_for_block();
    got[block * threads + thread] = block_memory()[(thread + 1) % threads];
  });
  return got;
}

TEST_F(CudaThreads, ABarrierMakesTheOrderOfNoConsequence) {
  for (const auto order : kOrders) {
    const auto got = neighbours(order, true);
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_EQ(got[i], static_cast<float>(1000 * (i / 70) + (i % 70 + 1) % 70));
    }
  }
}

TEST_F(CudaThreads, WithoutTheBarrierTheOrderShows) {
  int unwritten = 0;
  for (const float x : neighbours(ThreadOrder::forward, false)) unwritten += std::isnan(x);
  EXPECT_EQ(unwritten, 2 * 69);  // only the last thread's neighbour was there before it
  unwritten = 0;
  for (const float x : neighbours(ThreadOrder::backward, false)) unwritten += std::isnan(x);
  EXPECT_EQ(unwritten, 2);
}

TEST_F(CudaThreads, AWarpAddsUpByShuffles) {
  for (const auto order : kOrders) {
    set_thread_order(order);
    std::vector<std::uint32_t> sums(96);
    run_blocks({1, 96, 0}, [&] {
      const std::uint32_t thread = here().thread;
      for (int round = 0; round < 3; ++round) {  // one exchange right after another
        std::uint32_t sum = thread;
        for (std::uint32_t step = 16; step > 0; step /= 2) sum += exchange_in_warp(sum, step);
        sums[thread] += sum;
      }
      wait_for_warp();
    });
    for (std::uint32_t i = 0; i < 96; ++i) ASSERT_EQ(sums[i], 3 * (i / 32 * 32 * 32 + 496));
  }
}

TEST_F(CudaThreads, ThoseThatEndedAreNotWaitedFor) {
  int passed = 0;
  run_blocks({1, 64, 0}, [&] {
    if (here().thread < 40) return;
    wait_for_block();
    ++passed;
  });
  EXPECT_EQ(passed, 24);
}

TEST_F(CudaThreads, WhoWaitsForEverIsRefused) {
  const auto some_wait = [] {
    if (here().thread % 2 == 0) {
      wait_for_block();
    } else {
      wait_for_warp();
    }
  };
  try {
    run_blocks({1, 4, 0}, some_wait);
    FAIL() << "nobody noticed";
  } catch (const std::logic_error& error) {
    EXPECT_STREQ(error.what(),
                 "the threads of a block wait for each other: from thread 0 on at a barrier of the block; from "
                 "thread 1 on at a barrier of the warp; from thread 2 on at a barrier of the block; from "
                 "thread 3 on at a barrier of the warp;");
  }
  int ran = 0;
  run_blocks({3, 5, 0}, [&] { ++ran; });  // the next launch has nothing of it
  EXPECT_EQ(ran, 15);
  EXPECT_THROW(run_blocks({1, 1025, 0}, [] {}), std::logic_error);
}

}  // namespace
}  // namespace vitral::test
