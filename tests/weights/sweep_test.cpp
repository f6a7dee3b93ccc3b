/// Every truncation and every damaged byte of a set of small files: accepted with all bytes readable, or a FormatError.
#include <gtest/gtest.h>

#include <array>

#include "tests/weights/files.h"

namespace vitral::weights::build {
namespace {

struct Seed {
  const char* name;
  Bytes bytes;
};

Op small_model() {
  return dict(
      {{text("model"), ordered_dict({{text("module.w"), pair_tensor()},
                                     {text("module.t"), tensor(storage("HalfStorage", "1", 6), 1, {2, 2}, {2, 1})}})},
       {text("epoch"), integer(3)},
       {text("args"), object(global("argparse", "Namespace"), dict({{text("lr"), integer(1)}}))}});
}

Bytes deflated_npz() {
  Member member{"a.npy", {}};
  const Bytes array = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", floats({1, 2, 3, 4}));
  member.data = deflate(array);
  member.method = 8;
  member.unpacked = static_cast<std::uint32_t>(array.size());
  member.crc = 0;
  return zip({member});
}

std::vector<Seed> seeds() {
  const Storages storages{{"0", floats({1, 2})}, {"1", "abcdefghijkl"}};
  const Bytes array = npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 1), }", floats({1, 2}));
  const Op halves = dict({{text("a"), tensor(storage("FloatStorage", "0", 2), 0, {2}, {1})},
                          {text("b"), tensor(storage("IntStorage", "1", 3), 0, {3}, {1})}});
  return {
      {"safetensors",
       safetensors(
           R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"BF16","shape":[1,2],"data_offsets":[8,12]}})",
           "abcdefghijkl")},
      {"safetensors, padded",
       safetensors(R"({"t":{"data_offsets":[0,3],"shape":[4],"dtype":"F6_E2M3"}}      )", "xyz")},
      {"torch zip", torch_zip(small_model(), storages)},
      {"zip without zip64",
       zip({{"a/data.pkl", pickle(halves)}, {"a/data/0", floats({1, 2})}, {"a/data/1", Bytes(12, 'z')}})},
      {"torch legacy", torch_legacy(halves, {{"0", floats({1, 2})}, {"1", Bytes(12, 'z')}})},
      {"torch legacy of protocol 4", torch_legacy(dict({{text("w"), pair_tensor()}}), pair_storage(), 4, 4)},
      {"npz", npz({{"Transformer/x", array}, {"y", array}})},
      {"npz, deflated", deflated_npz()},
  };
}

/// The contract of every reader. Returns true where the file was accepted.
bool survives(const Bytes& bytes, const std::string& what) {
  try {
    touch(open_copy(bytes));
    return true;
  } catch (const FormatError& error) {
    EXPECT_LT(std::string(error.what()).size(), 2'000u);
    return false;
  } catch (const std::exception& error) {
    ADD_FAILURE() << what << ": " << error.what();
    return false;
  }
}

/// The tensors as text, for comparison.
std::string fingerprint(const Bytes& bytes) {
  std::string text;
  for (const auto& [name, tensor] : open_copy(bytes).tensors)
    text += name + " " + describe(tensor) + " " + bytes_of(tensor) + "\n";
  return text;
}

TEST(Sweep, EveryTruncation) {
  std::size_t tried = 0;
  for (const auto& [name, bytes] : seeds()) {
    const std::string whole = fingerprint(bytes);
    for (std::size_t length = 0; length < bytes.size(); ++length, ++tried) {
      const Bytes cut = bytes.substr(0, length);
      if (!survives(cut, std::string(name) + " cut to " + std::to_string(length))) continue;
      EXPECT_EQ(fingerprint(cut), whole) << name;
    }
  }
  RecordProperty("variants", static_cast<int>(tried));
}

TEST(Sweep, EveryByteAsEveryOtherValue) {
  std::size_t tried = 0;
  for (const auto& [name, bytes] : seeds()) {
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      Bytes damaged = bytes;
      for (int step = 1; step < 256; step += kSanitized ? 7 : 1, ++tried) {
        damaged[at] = static_cast<char>(bytes[at] + step);
        survives(damaged, std::string(name) + " byte " + std::to_string(at) + " plus " + std::to_string(step));
      }
    }
  }
  EXPECT_GE(tried, kSanitized ? 70'000u : 500'000u);
  RecordProperty("variants", static_cast<int>(tried));
}

TEST(Sweep, EveryByteLeftOutRepeatedOrSwapped) {
  std::size_t tried = 0;
  for (const auto& [name, bytes] : seeds()) {
    for (std::size_t at = 0; at < bytes.size(); ++at, tried += 3) {
      const std::string what = std::string(name) + " at byte " + std::to_string(at);
      survives(bytes.substr(0, at) + bytes.substr(at + 1), what + " left out");
      survives(bytes.substr(0, at + 1) + bytes.substr(at), what + " repeated");
      Bytes swapped = bytes;
      std::swap(swapped[at], swapped[(at + 1) % bytes.size()]);
      survives(swapped, what + " swapped");
    }
  }
  RecordProperty("variants", static_cast<int>(tried));
}

TEST(Sweep, EveryFourBytesAsAnotherNumber) {
  constexpr std::array<std::uint32_t, 8> kNumbers = {0,          1,          0x7FFFFFFF, 0x80000000,
                                                     0xFFFFFFFF, 0xFFFFFFFE, 0x10000,    65'537};
  for (const auto& [name, bytes] : seeds()) {
    for (std::size_t at = 0; at + 4 <= bytes.size(); ++at) {
      for (const std::uint32_t number : kNumbers) {
        Bytes damaged = bytes;
        damaged.replace(at, 4, u32(number));
        survives(damaged, std::string(name) + " number at " + std::to_string(at));
      }
    }
  }
}

}  // namespace
}  // namespace vitral::weights::build
