#include "tests/fuzz/checkpoint_target.h"

using namespace vitral::weights::build;

std::vector<std::string> seeds() {
  const Op two = dict({{text("a"), tensor(storage("HalfStorage", "0", 4), 1, {3}, {1})},
                       {text("b"), tensor(storage("HalfStorage", "1", 2), 0, {2, 1}, {1, 0})}});
  return {torch_legacy(dict({{text("w"), pair_tensor()}}), pair_storage()),
          torch_legacy(two, {{"1", "abcd"}, {"0", "abcdefgh"}}, 2),
          torch_legacy(ordered_dict({{text("w"), pair_tensor()}}), pair_storage(), 4, 4)};
}

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
  try_checkpoint({data, size});
  return 0;
}
