/// Two ways in: the whole archive (the first byte is odd), or one .npy member of an archive that is otherwise good.
#include "tests/fuzz/checkpoint_target.h"

using namespace vitral::weights::build;

namespace {

Bytes array(std::string_view descr, std::string_view shape, std::string_view data, std::string_view order = "False") {
  return npy(
      "{'descr': '" + Bytes(descr) + "', 'fortran_order': " + Bytes(order) + ", 'shape': " + Bytes(shape) + ", }",
      data);
}

Bytes deflated(const Bytes& data) {
  Member member{"a.npy", deflate(data)};
  member.method = 8;
  member.unpacked = static_cast<std::uint32_t>(data.size());
  member.crc = 0;
  return zip({member});
}

}  // namespace

std::vector<std::string> seeds() {
  const Bytes plain = array("<f4", "(2,)", floats({1, 2}));
  Member stored{"params/a.npy", plain};
  stored.crc = 0;
  return {"0" + plain, "0" + array("|V2", "(2, 2)", "abcdefgh", "True"), "0" + array("<i8", "()", "abcdefgh"),
          "1" + zip({stored}), "1" + deflated(plain)};
}

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(data + 1, size - 1);
  try_checkpoint(data[0] % 2 != 0 ? Bytes(rest) : zip({{"Transformer/encoderblock/a.npy", Bytes(rest)}}));
  return 0;
}
