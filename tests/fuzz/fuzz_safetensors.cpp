#include "tests/fuzz/checkpoint_target.h"

using namespace vitral::weights::build;

std::vector<std::string> seeds() {
  return {
      safetensors("{}"),
      one_tensor("\"F32\"", "[2]", "[0,8]", floats({1, 2})),
      one_tensor("\"F4\"", "[2,2]", "[0,2]", "xy"),
      safetensors(
          R"({"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[],"data_offsets":[0,2]},)"
          R"("b":{"shape":[0,3],"data_offsets":[2,2],"dtype":"I64"},"c":{"dtype":"U8","shape":[1,1,3],"data_offsets":[2,5]}}  )",
          "abcde"),
  };
}

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
  try_checkpoint({data, size});
  return 0;
}
