// Any bytes as an IDX file, plain or gzipped: an array as large as it says, or an Error(input).
#include <cstdlib>
#include <string_view>

#include "common/core/error.h"
#include "datasets/formats/idx.h"
#include "tests/fuzz/corpus.h"

std::vector<std::string> seeds() {
  using namespace std::string_literals;
  return {
      "\0\0\x08\x01\0\0\0\x03"s + "abc", "\0\0\x08\x03\0\0\0\x01\0\0\0\x02\0\0\0\x02"s + "abcd",
      // gzip of the first
      "\x1f\x8b\x08\0\0\0\0\0\x02\xff\x63\x60\xe0\x60\x64\x60\x60\x60\x4e\x4c\x4a\x06\0\x51\xb6\xca\x60\x0b\0\0\0"s};
}

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
  try {
    const auto array = vitral::parse_idx({data, size}, "fuzz");
    std::size_t total = 1;
    for (const auto side : array.shape) total *= side;
    if (total != array.bytes.size()) std::abort();
  } catch (const vitral::Error& error) {
    if (error.kind() != vitral::ErrorKind::input) std::abort();
  }
  return 0;
}
