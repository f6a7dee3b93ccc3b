/// A GPU's blocks of threads on the host, to run the `.cu` files themselves where there is no GPU: what a team's loops
/// on the host (common/kernels/cuda/team.h) can't show are barriers, shuffles, sizes of launches and shared memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace vitral::test {

/// Which of the threads that may go on does so first. What a kernel gives must not depend on it: a missing barrier
/// does.
enum class ThreadOrder { forward, backward, shuffled };

/// For launches from this thread of the host.
void set_thread_order(ThreadOrder order);

/// The blocks of one launch.
struct Blocks {
  std::uint32_t count = 1;    ///< one after another
  std::uint32_t threads = 1;  ///< of a block, at most 1024; each has a stack of its own
  std::size_t bytes = 0;      ///< dynamic shared memory of a block, in which nothing has been written
};

/// Runs `kernel` once for each thread. Throws std::logic_error where threads wait for each other for ever: some at one
/// barrier, some at another or through with the kernel.
void run_blocks(const Blocks& blocks, const std::function<void()>& kernel);

/// What a kernel asks of its block. Only for functions that run_blocks() called.
struct Place {
  std::uint32_t thread, block, threads, blocks;
};
Place here();
/// The block's dynamic shared memory, aligned to 16 bytes.
float* block_memory();
/// Until all threads of the block that have not ended are here.
void wait_for_block();
/// Until all threads of the warp that have not ended are here.
void wait_for_warp();
/// The word of lane `lane ^ step` of the warp, which has to call this too.
std::uint32_t exchange_in_warp(std::uint32_t word, std::uint32_t step);

}  // namespace vitral::test
