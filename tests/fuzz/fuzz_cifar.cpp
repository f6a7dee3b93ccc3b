// Any bytes as CIFAR records and as names of classes: labels that are classes with their pixels, or an Error(input).
#include <algorithm>
#include <cstdlib>

#include "common/core/error.h"
#include "datasets/formats/cifar.h"
#include "tests/fuzz/corpus.h"

std::vector<std::string> seeds() {
  return {std::string(3073, '\1'), std::string(3074, '\1'), std::string(2 * 3073, '\3'), "airplane\nautomobile\n"};
}

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
  using namespace vitral;
  const std::string_view bytes(data, size);
  for (const CifarKind kind : {CifarKind::ten, CifarKind::hundred}) {
    const std::size_t classes = kind == CifarKind::ten ? 10 : 100;
    try {
      const auto records = parse_cifar(bytes, kind, "fuzz");
      if (records.pixels.size() != records.labels.size() * kCifarPixels) std::abort();
      if (std::any_of(records.labels.begin(), records.labels.end(), [&](auto label) { return label >= classes; })) {
        std::abort();
      }
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::input) std::abort();
    }
  }
  try {
    if (parse_cifar_names(bytes, 2, "fuzz").size() != 2) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
