#include "tests/fuzz/checkpoint_target.h"

using namespace vitral::weights::build;

namespace {

/// Without checksums (torch can write such files), so that damage gets past them.
Bytes unchecked(std::vector<Member> members, bool descriptors, const ZipOptions& options) {
  for (auto& member : members) {
    member.crc = 0;
    member.descriptor = descriptors;
  }
  return zip(members, options);
}

}  // namespace

std::vector<std::string> seeds() {
  const Bytes stream = pickle(dict({{text("w"), pair_tensor()}}));
  const auto members = torch_members(stream, pair_storage());
  return {unchecked(members, true, {.zip64 = true}), unchecked(members, false, {}),
          unchecked(members, false, {.comment = "note"}),
          unchecked({{"a/data.pkl", stream}, {"a/data/0", floats({1, 2})}}, false, {.trailer = "tail"})};
}

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
  try_checkpoint({data, size});
  return 0;
}
