#include <gtest/gtest.h>

#include <cstring>

#include "tests/weights/hostile.h"

namespace vitral::weights::build {
namespace {

TEST(LegacyHostile, Structure) {
  const Op value = dict({{text("w"), pair_tensor()}});
  const Bytes good = torch_legacy(value, pair_storage());
  const Op magic = "\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19";
  const auto stream = [=](const Op& protocol, const Op& system, const Op& keys, const Bytes& data) {
    return pickle(magic) + pickle(protocol) + pickle(system) + pickle(value) + pickle(keys) + data;
  };
  const Op one_key = list({text("0")}), little = dict({{text("little_endian"), boolean(true)}});
  const Bytes two = u64(2) + floats({1, 2});
  expect_faults({
      {"good", good, std::nullopt},
      {"trailing bytes", good + "more", std::nullopt},
      {"magic only", pickle(magic), Fault::truncated},
      {"bare pickle", pickle(value), Fault::unsupported_container},
      {"stacked pickles", pickle(integer(1)) + pickle(value), Fault::unsupported_container},
      {"protocol 1000", stream(integer(1000), little, one_key, two), Fault::bad_header},
      {"protocol is a string", stream(text("1001"), little, one_key, two), Fault::bad_header},
      {"big-endian", stream(integer(1001), dict({{text("little_endian"), boolean(false)}}), one_key, two),
       Fault::byte_order},
      {"nothing about the machine", stream(integer(1001), dict({}), one_key, two), std::nullopt},
      {"keys are a dict", stream(integer(1001), little, "}", two), Fault::bad_header},
      {"keys are numbers", stream(integer(1001), little, list({integer(0)}), two), Fault::bad_header},
      {"no keys", stream(integer(1001), little, "]", two), Fault::bad_storage},
      {"unknown key", stream(integer(1001), little, list({text("9")}), two), Fault::bad_storage},
      {"key twice", stream(integer(1001), little, list({text("0"), text("0")}), two + two), Fault::bad_storage},
      {"storage among the keys", stream(integer(1001), little, list({storage("FloatStorage", "0", 2)}), two),
       Fault::pickle_opcode},
      {"length too small", stream(integer(1001), little, one_key, u64(1) + floats({1, 2})), Fault::size_mismatch},
      {"length of 2^62", stream(integer(1001), little, one_key, u64(1ull << 62)), Fault::size_mismatch},
      {"length -1", stream(integer(1001), little, one_key, u64(UINT64_MAX)), Fault::size_mismatch},
      {"data one byte short", good.substr(0, good.size() - 1), Fault::truncated},
      {"data missing", good.substr(0, good.size() - 8), Fault::truncated},
      {"length cut", good.substr(0, good.size() - 12), Fault::truncated},
      {"view of a storage",
       [=] {
         const Op id = tuple({text("storage"), global("torch", "FloatStorage"), text("0"), text("cpu"), integer(2),
                              sizes({0, 1})}) +
                       "Q";
         return torch_legacy(dict({{text("w"), tensor(id, 0, {2}, {1})}}), pair_storage());
       }(),
       Fault::unsupported_tensor},
      {"class with its source",
       [=] {
         const Op type = tuple({text("module"), global("__main__", "Net"), text("net.py"), text("class Net: …")}) + "Q";
         return torch_legacy(dict({{text("w"), pair_tensor()}, {text("x"), object(type)}}), pair_storage());
       }(),
       std::nullopt},
  });
}

Bytes array(std::string_view header, std::string_view data = floats({1, 2})) {
  return npz({{"a", npy(header, data)}});
}

TEST(NpzHostile, Headers) {
  const auto typed = [](Bytes descr) {
    return array("{'descr': " + descr + ", 'fortran_order': False, 'shape': (2,), }");
  };
  const auto shaped = [](Bytes shape) {
    return array("{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }");
  };
  expect_faults({
      {"good", shaped("(2,)"), std::nullopt},
      {"version 2", npz({{"a", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", floats({1, 2}), 2)}}),
       std::nullopt},
      {"version 4", npz({{"a", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", floats({1, 2}), 4)}}),
       Fault::bad_header},
      {"keys in another order", array("{\"shape\": (2,), \"fortran_order\": True, \"descr\": \"<f4\"}"), std::nullopt},
      {"Python 2's long", shaped("(2L,)"), std::nullopt},
      {"no magic", npz({{"a", Bytes(100, 'x')}}), Fault::bad_header},
      {"empty", npz({{"a", ""}}), Fault::truncated},
      {"magic only", npz({{"a", "\x93NUMPY"}}), Fault::truncated},
      {"header past the end", npz({{"a", Bytes("\x93NUMPY\1\0\xFF\xFF{}", 12)}}), Fault::truncated},
      {"header of 4 GB", npz({{"a", Bytes("\x93NUMPY\2\0\xFF\xFF\xFF\xFF{}", 14)}}), Fault::truncated},
      {"no dict", array("hello"), Fault::bad_header},
      {"unclosed dict", array("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)"), Fault::bad_header},
      {"missing key", array("{'descr': '<f4', 'shape': (2,), }"), Fault::bad_header},
      {"unknown key", array("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}"), Fault::bad_header},
      {"repeated key", array("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"),
       Fault::bad_header},
      {"text behind the dict", array("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } x"), Fault::bad_header},
      {"call in the header", array("{'descr': __import__('os'), 'fortran_order': False, 'shape': (2,), }"),
       Fault::bad_header},
      {"fortran_order is a number", array("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,), }"), Fault::bad_header},
      {"objects", typed("'|O'"), Fault::bad_dtype},
      {"objects of 8 bytes", typed("'|O8'"), Fault::bad_dtype},
      {"structured", typed("[('x', '<f4')]"), Fault::bad_dtype},
      {"strings", typed("'<U2'"), Fault::bad_dtype},
      {"dates", typed("'<M8[s]'"), Fault::bad_dtype},
      {"long double", typed("'<f16'"), Fault::bad_dtype},
      {"empty type", typed("''"), Fault::bad_dtype},
      {"no byte order", typed("'f4'"), Fault::bad_dtype},
      {"big-endian", typed("'>f4'"), Fault::byte_order},
      {"raw bfloat16", array("{'descr': '|V2', 'fortran_order': False, 'shape': (4,), }"), std::nullopt},
      {"shape is a list", shaped("[2]"), Fault::bad_header},
      {"shape is a number", shaped("2"), Fault::bad_header},
      {"negative size", shaped("(-2,)"), Fault::bad_shape},
      {"fractional size", shaped("(2.0,)"), Fault::bad_shape},
      {"size of 2^63", shaped("(9223372036854775808,)"), Fault::bad_shape},
      {"nested shape", shaped("((2,),)"), Fault::bad_shape},
      {"product wraps", shaped("(4294967296, 4294967296)"), Fault::overflow},
      {"zero does not excuse", shaped("(0, 4611686018427387904, 4)"), Fault::overflow},
      {"too many elements", shaped("(3,)"), Fault::size_mismatch},
      {"too few elements", shaped("(1,)"), Fault::size_mismatch},
      {"rank 17", shaped("(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2)"), Fault::limit},
      {"same name twice",
       [] {
         const Bytes one = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", floats({1, 2}));
         return npz({{"a", one}, {"a", one}});
       }(),
       Fault::duplicate_name},
      {"name that is empty",
       zip({{".npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", floats({1, 2}))}}),
       Fault::bad_name},
  });
}

/// A deflated member that says it unpacks to `claimed` bytes.
Bytes deflated(const Bytes& data, std::size_t claimed, const Bytes& tail = "") {
  Member member{"a.npy", deflate(data) + tail};
  member.method = 8;
  member.unpacked = static_cast<std::uint32_t>(claimed);
  const Bytes plain = zip({{"a.npy", data}});
  std::uint32_t crc = 0;
  std::memcpy(&crc, plain.data() + 14, 4);
  member.crc = crc;
  return zip({member});
}

TEST(NpzHostile, Deflate) {
  const Bytes data = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (100000,), }", Bytes(100'000, '\0'));
  Limits tight;
  tight.decoded_bytes = 50'000;
  EXPECT_EQ(show(fault_of(deflated(data, data.size()))), "accepted");
  EXPECT_EQ(show(fault_of(deflated(data, data.size()), tight)), "limit");
  expect_faults({
      {"claims one byte less", deflated(data, data.size() - 1), Fault::zip_compressed},
      {"claims one byte more", deflated(data, data.size() + 1), Fault::zip_compressed},
      {"claims nothing", deflated(data, 0), Fault::zip_compressed},
      {"claims 4 GB", deflated(data, 0xFFFFFFFE), Fault::zip_compressed},
      {"bytes behind the stream", deflated(data, data.size(), "tail"), Fault::zip_compressed},
      {"no deflate stream",
       [] {
         Member member{"a.npy", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"};
         member.method = 8;
         member.unpacked = 100;
         return zip({member});
       }(),
       Fault::zip_compressed},
      {"wrong checksum",
       [=] {
         Member member{"a.npy", deflate(data)};
         member.method = 8;
         member.unpacked = static_cast<std::uint32_t>(data.size());
         member.crc = 1;
         return zip({member});
       }(),
       Fault::checksum},
  });
}

}  // namespace
}  // namespace vitral::weights::build
