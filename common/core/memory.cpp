#include "common/core/memory.h"

#include <cstdint>
#include <cstdlib>
#include <limits>

#ifdef __GLIBC__
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace vitral {

void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int kLargestMapThreshold = 32 << 20;  // glibc takes no larger one
  constexpr int kHeap = 1 << 30;
  ::mallopt(M_MMAP_THRESHOLD, kLargestMapThreshold);
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  ::mallopt(M_MXFAST, 0);  // else each freed tensor makes the allocator look through all small free pieces
  // Advice holds for addresses that exist: the heap grows now, by addresses only; memory comes when it is touched.
  ::mallopt(M_TOP_PAD, kHeap);
  void* first = std::malloc(kLargestMapThreshold / 2);
  ::mallopt(M_TOP_PAD, kLargestMapThreshold);
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(first) + page - 1) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(::sbrk(0)) / page * page;
  const bool is_heap = begin < end && end - begin <= std::uintptr_t{2} * kHeap;
  if (is_heap) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
  std::free(first);
#endif
}

}  // namespace vitral
