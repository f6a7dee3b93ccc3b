#include "tests/kernels/cuda_on_host/threads.h"

#include <ucontext.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#define VITRAL_WATCHED_STACKS  // the sanitizer wants to know of each change of stacks
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VITRAL_WATCHED_STACKS
#endif
#endif
#ifdef VITRAL_WATCHED_STACKS
#include <sanitizer/common_interface_defs.h>
#endif

namespace vitral::test {
namespace {

constexpr std::uint32_t kWarp = 32;
constexpr std::size_t kStack = 256 << 10;

enum class State { runs, at_block_barrier, at_warp_barrier, in_exchange, ended };

const char* word_of(State state) {
  switch (state) {
    case State::runs:
      return "running";
    case State::at_block_barrier:
      return "at a barrier of the block";
    case State::at_warp_barrier:
      return "at a barrier of the warp";
    case State::in_exchange:
      return "in a shuffle";
    case State::ended:
      break;
  }
  return "through";
}

struct Thread {
  ucontext_t context{};
  State state = State::runs;
  std::uint32_t exchanges = 0;
};

/// Words of a warp's lanes, of two exchanges in turns: a lane may be one exchange ahead, never two.
using Lanes = std::array<std::array<std::uint32_t, kWarp>, 2>;

/// One block at a time, on one thread of the host.
class Block {
 public:
  Block(const Blocks& blocks, const std::function<void()>& kernel, ThreadOrder order)
      : blocks_(blocks), kernel_(kernel), order_(order), random_(blocks.threads) {}

  void run(std::uint32_t index);

  std::uint32_t index = 0, current = 0;
  std::vector<float> memory;
  std::vector<Thread> threads;
  std::vector<Lanes> lanes;

  /// Of the current thread: lets others go on until `state` is over.
  void wait(State state) {
    threads[current].state = state;
    leave(current, /*for_good=*/false);
  }

  const Blocks& blocks() const { return blocks_; }

 private:
  static void enter();
  void begin(std::uint32_t thread);
  void go_on(std::uint32_t thread);
  void leave(std::uint32_t thread, bool for_good);
  bool release();
  [[noreturn]] void refuse() const;

  Blocks blocks_;
  const std::function<void()>& kernel_;
  ThreadOrder order_;
  std::mt19937 random_;
  ucontext_t scheduler_{};
  void* scheduler_stack_ = nullptr;  ///< for the sanitizer
  std::size_t scheduler_size_ = 0;
};

thread_local Block* running = nullptr;
thread_local ThreadOrder chosen = ThreadOrder::forward;

char* stack_of(std::uint32_t thread) {
  static thread_local std::vector<std::unique_ptr<char[]>> stacks;
  while (stacks.size() <= thread) stacks.push_back(std::unique_ptr<char[]>(new char[kStack]));
  return stacks[thread].get();
}

void Block::enter() {
  Block& block = *running;
#ifdef VITRAL_WATCHED_STACKS
  const void* from = nullptr;
  __sanitizer_finish_switch_fiber(nullptr, &from, &block.scheduler_size_);
  block.scheduler_stack_ = const_cast<void*>(from);
#endif
  const std::uint32_t thread = block.current;
  block.kernel_();
  block.threads[thread].state = State::ended;
  block.leave(thread, /*for_good=*/true);
}

void Block::begin(std::uint32_t thread) {
  auto& context = threads[thread].context;
  getcontext(&context);
  context.uc_stack.ss_sp = stack_of(thread);
  context.uc_stack.ss_size = kStack;
  context.uc_link = nullptr;
  makecontext(&context, enter, 0);
}

void Block::go_on(std::uint32_t thread) {
  current = thread;
#ifdef VITRAL_WATCHED_STACKS
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, stack_of(thread), kStack);
#endif
  swapcontext(&scheduler_, &threads[thread].context);
#ifdef VITRAL_WATCHED_STACKS
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
}

void Block::leave(std::uint32_t thread, [[maybe_unused]] bool for_good) {
#ifdef VITRAL_WATCHED_STACKS
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(for_good ? nullptr : &fake, scheduler_stack_, scheduler_size_);
#endif
  swapcontext(&threads[thread].context, &scheduler_);
#ifdef VITRAL_WATCHED_STACKS
  const void* from = nullptr;
  __sanitizer_finish_switch_fiber(fake, &from, &scheduler_size_);
  scheduler_stack_ = const_cast<void*>(from);
#endif
}

/// Lets those go on for whom all others have come. -> whether there are any.
bool Block::release() {
  const auto all_at = [&](std::size_t begin, std::size_t end, State state) {
    bool any = false;
    for (std::size_t i = begin; i < end; ++i) {
      if (threads[i].state != state && threads[i].state != State::ended) return false;
      any |= threads[i].state == state;
    }
    return any;
  };
  const auto let_go = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      if (threads[i].state != State::ended) threads[i].state = State::runs;
    }
  };
  if (all_at(0, threads.size(), State::at_block_barrier)) {
    let_go(0, threads.size());
    return true;
  }
  bool any = false;
  for (std::size_t begin = 0; begin < threads.size(); begin += kWarp) {
    const std::size_t end = std::min(begin + kWarp, threads.size());
    if (!all_at(begin, end, State::at_warp_barrier) && !all_at(begin, end, State::in_exchange)) continue;
    let_go(begin, end);
    any = true;
  }
  return any;
}

void Block::refuse() const {
  std::string text = "the threads of a block wait for each other:";
  for (std::uint32_t i = 0; i < threads.size(); ++i) {
    if (i > 0 && threads[i].state == threads[i - 1].state) continue;
    text += " from thread " + std::to_string(i) + " on " + word_of(threads[i].state) + ";";
  }
  throw std::logic_error(text);
}

void Block::run(std::uint32_t which) {
  index = which;
  memory.assign(blocks_.bytes / sizeof(float) + 4, std::nanf(""));
  threads.assign(blocks_.threads, {});
  lanes.assign((blocks_.threads + kWarp - 1) / kWarp, {});
  for (std::uint32_t i = 0; i < blocks_.threads; ++i) begin(i);
  std::vector<std::uint32_t> turn(blocks_.threads);
  std::iota(turn.begin(), turn.end(), 0U);
  if (order_ == ThreadOrder::backward) std::reverse(turn.begin(), turn.end());
  while (true) {
    if (order_ == ThreadOrder::shuffled) std::shuffle(turn.begin(), turn.end(), random_);
    for (const auto thread : turn) {
      if (threads[thread].state == State::runs) go_on(thread);
    }
    if (std::all_of(threads.begin(), threads.end(), [](const Thread& t) { return t.state == State::ended; })) return;
    if (!release()) refuse();
  }
}

}  // namespace

void set_thread_order(ThreadOrder order) {
  chosen = order;
}

void run_blocks(const Blocks& blocks, const std::function<void()>& kernel) {
  if (running != nullptr) throw std::logic_error("a kernel starts another one");
  if (blocks.threads < 1 || blocks.threads > 1024) throw std::logic_error("a block has 1 to 1024 threads");
  Block block(blocks, kernel, chosen);
  running = &block;
  try {
    for (std::uint32_t i = 0; i < blocks.count; ++i) block.run(i);
  } catch (...) {
    running = nullptr;
    throw;
  }
  running = nullptr;
}

Place here() {
  const auto& block = *running;
  return {block.current, block.index, block.blocks().threads, block.blocks().count};
}

float* block_memory() {
  const auto place = reinterpret_cast<std::uintptr_t>(running->memory.data());
  return running->memory.data() + (16 - place % 16) % 16 / sizeof(float);
}

void wait_for_block() {
  running->wait(State::at_block_barrier);
}

void wait_for_warp() {
  running->wait(State::at_warp_barrier);
}

std::uint32_t exchange_in_warp(std::uint32_t word, std::uint32_t step) {
  auto& block = *running;
  const std::uint32_t thread = block.current, lane = thread % kWarp, first = thread - lane;
  if ((lane ^ step) >= kWarp || first + (lane ^ step) >= block.threads.size()) {
    throw std::logic_error("a shuffle asks for a lane that the block does not have");
  }
  auto& words = block.lanes[thread / kWarp][block.threads[thread].exchanges++ % 2];
  words[lane] = word;
  block.wait(State::in_exchange);
  return words[lane ^ step];
}

}  // namespace vitral::test
