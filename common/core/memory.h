/// What the process does with memory that it gives back.
#pragma once

namespace vitral {

/// Makes the allocator keep what is freed, on huge pages where the kernel offers them. A network frees and asks for the
/// same few megabytes in every layer; by default each of them is given back to the kernel and faulted in again, page by
/// page. For programs, once, before the first thread; does nothing where the C library is not glibc.
void keep_freed_memory();

}  // namespace vitral
