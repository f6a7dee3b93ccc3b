#include <cstdlib>
#include <nlohmann/json.hpp>

#include "common/core/json.h"
#include "tests/fuzz/corpus.h"

std::vector<std::string> seeds() {
  return {"{\"a\":[1,-2,3.5e-1,true,false,null,\"x\\u00e9\\n\"],\"b\":{\"c\":{}}}", " [ ] ", "18446744073709551616",
          "\"\xC3\xA4\"", "{\"weight_map\":{\"t\":\"m-1.safetensors\"}}"};
}

/// Refused with a JsonError, or accepted: then the tree can be copied, written and read back equal.
extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
  vitral::Limits limits;
  limits.objects = 100'000;
  try {
    const nlohmann::json json = vitral::parse_json({data, size}, vitral::ErrorKind::input, "fuzz", limits);
    const nlohmann::json copy = vitral::parse_json(json.dump(), vitral::ErrorKind::input, "fuzz", limits);
    if (copy != json) std::abort();
  } catch (const vitral::JsonError& error) {
    if (error.position() > size) std::abort();
  }
  return 0;
}
