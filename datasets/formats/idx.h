/// IDX, the format of MNIST and Fashion-MNIST, plain or gzipped (yann.lecun.com/exdb/mnist, "file formats").
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace vitral {

/// Unsigned bytes with their shape, the last dimension contiguous.
struct IdxArray {
  std::vector<std::size_t> shape;
  std::string bytes;
};

/// Reads a whole file; gzip is recognised by its first bytes. Throws Error(input, subject) for another element type
/// than unsigned bytes, a rank other than 1 to 4, sizes whose product is beyond 4 GiB, data that is a byte shorter or
/// longer than its header says, and broken gzip. Nothing larger than the header's promise is ever allocated.
IdxArray parse_idx(std::string_view file, const std::string& subject);

}  // namespace vitral
