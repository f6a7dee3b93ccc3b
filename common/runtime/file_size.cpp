#include "common/runtime/file_size.h"

#include <algorithm>
#include <cmath>

#include "common/core/text.h"

namespace vitral {

FileSize stated_mebibytes(double mebibytes) {
  return {static_cast<std::uint64_t>(std::llround(mebibytes * 1024 * 1024)), SizeKnown::stated};
}

FileSize estimated_of(std::int64_t numbers) {
  return {4 * static_cast<std::uint64_t>(std::max<std::int64_t>(numbers, 0)), SizeKnown::estimated};
}

std::string to_string(const FileSize& size) {
  if (size.bytes == 0) return {};
  return (size.known == SizeKnown::estimated ? "about " : "") + human_bytes(size.bytes);
}

}  // namespace vitral
