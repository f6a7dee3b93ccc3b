/// Files that the real libraries wrote (tests/golden/checkpoints.py says how), read value by value.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "tests/support/source_dir.h"
#include "tests/weights/files.h"

namespace vitral::weights::build {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Pair;

Checkpoint golden(const std::string& name) {
  return open(test::source_dir() + "/tests/golden/checkpoints/" + name);
}

/// 16-bit and 8-bit floats of small whole numbers, by their definitions.
double decode_float(std::uint32_t bits, int exponent_bits, int mantissa_bits) {
  const std::uint32_t mantissa = bits & ((1u << mantissa_bits) - 1);
  const int exponent = static_cast<int>(bits >> mantissa_bits & ((1u << exponent_bits) - 1));
  const int bias = (1 << (exponent_bits - 1)) - 1;
  if (exponent == 0) return std::ldexp(mantissa, 1 - bias - mantissa_bits);
  return std::ldexp((1u << mantissa_bits) + mantissa, exponent - bias - mantissa_bits);
}

template <typename Number>
double element(const Bytes& bytes, std::size_t i) {
  Number value;
  std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
  return static_cast<double>(value);
}

double value_at(Dtype dtype, const Bytes& bytes, std::size_t i) {
  switch (dtype) {
    case Dtype::f64:
      return element<double>(bytes, i);
    case Dtype::f32:
      return element<float>(bytes, i);
    case Dtype::c64:
      return element<float>(bytes, 2 * i);
    case Dtype::f16:
      return decode_float(static_cast<std::uint32_t>(element<std::uint16_t>(bytes, i)), 5, 10);
    case Dtype::bf16:
      return decode_float(static_cast<std::uint32_t>(element<std::uint16_t>(bytes, i)), 8, 7);
    case Dtype::f8_e4m3:
      return decode_float(static_cast<std::uint32_t>(element<std::uint8_t>(bytes, i)), 4, 3);
    case Dtype::f8_e5m2:
      return decode_float(static_cast<std::uint32_t>(element<std::uint8_t>(bytes, i)), 5, 2);
    case Dtype::i64:
      return element<std::int64_t>(bytes, i);
    case Dtype::u64:
      return element<std::uint64_t>(bytes, i);
    case Dtype::i32:
      return element<std::int32_t>(bytes, i);
    case Dtype::u16:
      return element<std::uint16_t>(bytes, i);
    default:
      return element<std::uint8_t>(bytes, i);
  }
}

std::vector<double> numbers(const Checkpoint& checkpoint, const std::string& name) {
  const TensorRecord* tensor = checkpoint.find(name);
  if (tensor == nullptr) return {-1};
  const Bytes bytes = bytes_of(*tensor);
  std::vector<double> all;
  for (std::size_t i = 0; i < tensor->numel(); ++i) all.push_back(value_at(tensor->dtype, bytes, i));
  return all;
}

/// Element i of n, as the script makes it.
double made(std::size_t i, std::size_t n) {
  return static_cast<double>((7 * i + n) % 50);
}
std::vector<double> made(std::size_t n) {
  std::vector<double> all;
  for (std::size_t i = 0; i < n; ++i) all.push_back(made(i, n));
  return all;
}

void expect_state(const Checkpoint& checkpoint) {
  EXPECT_EQ(checkpoint.tensors.size(), 19u);
  EXPECT_EQ(numbers(checkpoint, "whole"), made(12));
  EXPECT_THAT(checkpoint.find("transposed")->shape, ElementsAre(4, 3));
  EXPECT_THAT(numbers(checkpoint, "transposed"),
              ElementsAre(made(0, 12), made(4, 12), made(8, 12), made(1, 12), made(5, 12), made(9, 12), made(2, 12),
                          made(6, 12), made(10, 12), made(3, 12), made(7, 12), made(11, 12)));
  EXPECT_THAT(numbers(checkpoint, "column"), ElementsAre(made(1, 12), made(5, 12), made(9, 12)));
  EXPECT_THAT(numbers(checkpoint, "step"), ElementsAre(made(1, 12), made(3, 12), made(9, 12), made(11, 12)));
  EXPECT_THAT(numbers(checkpoint, "scalar"), ElementsAre(made(11, 12)));
  EXPECT_THAT(numbers(checkpoint, "expanded"),
              ElementsAre(made(0, 3), made(1, 3), made(2, 3), made(0, 3), made(1, 3), made(2, 3)));
  EXPECT_THAT(checkpoint.find("empty")->shape, ElementsAre(0, 5));
  EXPECT_EQ(numbers(checkpoint, "tied_a"), made(6));
  EXPECT_EQ(checkpoint.find("tied_a")->bytes.data(), checkpoint.find("tied_b")->bytes.data());
  EXPECT_THAT(numbers(checkpoint, "part"), ElementsAre(made(2, 6), made(3, 6), made(4, 6)));
  EXPECT_EQ(numbers(checkpoint, "parameter"), made(4));
  for (const char* name : {"float64", "float16", "bfloat16", "int64", "int32", "uint8", "complex64"})
    EXPECT_EQ(numbers(checkpoint, name), made(5)) << name;
  EXPECT_THAT(numbers(checkpoint, "bool"), ElementsAre(1, 1, 1, 1, 1));
  EXPECT_EQ(checkpoint.find("bfloat16")->dtype, Dtype::bf16);
}

TEST(Golden, TorchZipAndLegacyTrainingCheckpoints) {
  for (const char* name : {"torch_zip.pth", "torch_legacy.pth"}) {
    SCOPED_TRACE(name);
    const Checkpoint checkpoint = golden(name);
    EXPECT_THAT(checkpoint.unwrapped, ElementsAre("model"));
    EXPECT_THAT(checkpoint.metadata, ElementsAre(Pair("epoch", "3")));
    EXPECT_THAT(checkpoint.ignored, ElementsAre("args (argparse.Namespace)", "optimizer (a dict)"));
    expect_state(checkpoint);
  }
}

TEST(Golden, Protocol4WithPrefix) {
  const Checkpoint checkpoint = golden("torch_protocol4.pth");
  EXPECT_EQ(checkpoint.stripped, "module.");
  EXPECT_THAT(checkpoint.names(), ElementsAre("whole", "transposed", "float16"));
  EXPECT_EQ(numbers(checkpoint, "whole"), made(12));
}

TEST(Golden, TypesWithoutAStorageOfTheirOwn) {
  const Checkpoint checkpoint = golden("torch_new_types.pth");
  EXPECT_EQ(checkpoint.find("float8_e4m3fn")->dtype, Dtype::f8_e4m3);
  // 4, 11, 18 and 25 rounded to 4 and 3 significant bits, half to even.
  EXPECT_THAT(numbers(checkpoint, "float8_e4m3fn"), ElementsAre(4, 11, 18, 24));
  EXPECT_THAT(numbers(checkpoint, "float8_e5m2"), ElementsAre(4, 12, 16, 24));
  EXPECT_EQ(numbers(checkpoint, "uint16"), made(4));
  EXPECT_EQ(numbers(checkpoint, "uint64"), made(4));
}

TEST(Golden, WholeModule) {
  const Checkpoint checkpoint = golden("torch_module.pth");
  EXPECT_THAT(checkpoint.names(), ElementsAre("mean", "fc.weight", "fc.bias"));
  EXPECT_EQ(numbers(checkpoint, "fc.weight"), made(6));
  EXPECT_EQ(numbers(checkpoint, "mean"), made(3));
}

TEST(Golden, Numpy) {
  for (const char* name : {"numpy.npz", "numpy_deflated.npz"}) {
    SCOPED_TRACE(name);
    const Checkpoint checkpoint = golden(name);
    EXPECT_THAT(checkpoint.names(), ElementsAre("a/kernel", "fortran", "half", "scalar"));
    EXPECT_EQ(numbers(checkpoint, "a/kernel"), made(6));
    EXPECT_EQ(numbers(checkpoint, "fortran"), made(6));
    EXPECT_EQ(numbers(checkpoint, "half"), made(4));
    EXPECT_EQ(numbers(checkpoint, "scalar"), made(1));
  }
}

TEST(Golden, Safetensors) {
  const Checkpoint checkpoint = golden("library.safetensors");
  EXPECT_THAT(checkpoint.metadata, ElementsAre(Pair("format", "pt")));
  EXPECT_EQ(numbers(checkpoint, "f32"), made(6));
  EXPECT_EQ(numbers(checkpoint, "bf16"), made(4));
  EXPECT_EQ(numbers(checkpoint, "i64"), made(2));
  EXPECT_THAT(numbers(checkpoint, "flag"), ElementsAre(1, 0, 1));
  EXPECT_THAT(numbers(checkpoint, "scalar"), ElementsAre(1));
}

/// Our writer lays the data out as the library does, byte for byte.
TEST(Golden, OurWriterEqualsTheLibrarys) {
  const Checkpoint checkpoint = golden("library.safetensors");
  const auto original = checkpoint.files.front()->bytes();
  const Checkpoint again = open_copy(safetensors_bytes(checkpoint.tensors, checkpoint.metadata));
  ASSERT_EQ(again.names(), checkpoint.names()) << "the order of the data is the same";
  const auto data = original.last(checkpoint.size_bytes());
  const Bytes ours = safetensors_bytes(checkpoint.tensors, checkpoint.metadata);
  EXPECT_EQ(ours.substr(ours.size() - data.size()), Bytes(reinterpret_cast<const char*>(data.data()), data.size()));
}

}  // namespace
}  // namespace vitral::weights::build
