/// What is written is read back bit for bit, from every container.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "tests/weights/files.h"

namespace vitral::weights::build {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

using SafetensorsWriter = Files;

void expect_equal(const Checkpoint& checkpoint, const std::vector<NamedTensor>& expected) {
  ASSERT_EQ(checkpoint.tensors.size(), expected.size());
  for (const auto& [name, tensor] : expected) {
    const TensorRecord* found = checkpoint.find(name);
    ASSERT_NE(found, nullptr) << name;
    EXPECT_EQ(found->dtype, tensor.dtype) << name;
    EXPECT_EQ(found->shape, tensor.shape) << name;
    EXPECT_EQ(bytes_of(*found), bytes_of(tensor)) << name;
  }
}

std::vector<NamedTensor> every_dtype() {
  std::vector<NamedTensor> tensors;
  for (std::size_t i = 0; i < kDtypes; ++i) {
    const auto dtype = static_cast<Dtype>(i);
    const std::string name(to_string(dtype));
    tensors.push_back(made(name, dtype, {2, 3, 4}));
    tensors.push_back(made(name + ".empty", dtype, {0, 4}));
    if (bits(dtype) >= 8) tensors.push_back(made(name + ".scalar", dtype, {}));
  }
  return tensors;
}

TEST(Dtypes, NamesAreUniqueAndFound) {
  for (std::size_t i = 0; i < kDtypes; ++i)
    EXPECT_EQ(dtype_from_string(to_string(static_cast<Dtype>(i))), static_cast<Dtype>(i));
  EXPECT_EQ(dtype_from_string("f32"), std::nullopt);
  EXPECT_EQ(bits(Dtype::f4), 4u);
  EXPECT_EQ(bits(Dtype::f6_e2m3), 6u);
  EXPECT_EQ(bits(Dtype::c64), 64u);
  EXPECT_TRUE(is_floating(Dtype::bf16) && is_floating(Dtype::f8_e4m3) && !is_floating(Dtype::i64) &&
              !is_floating(Dtype::boolean));
}

TEST_F(SafetensorsWriter, EveryDtypeRoundTrips) {
  const auto tensors = every_dtype();
  const std::map<std::string, std::string> notes{{"format", "pt"}, {"vitral", "{\"labels\":[\"Käfer\"]}"}};
  write_safetensors(folder_ / "all.safetensors", tensors, notes);
  const Checkpoint checkpoint = open(folder_ / "all.safetensors");
  EXPECT_EQ(checkpoint.container, Container::safetensors);
  EXPECT_EQ(checkpoint.metadata, notes);
  expect_equal(checkpoint, tensors);
}

TEST_F(SafetensorsWriter, EveryTensorIsAlignedAndMapped) {
  write_safetensors(folder_ / "all.safetensors", every_dtype());
  const Checkpoint checkpoint = open(folder_ / "all.safetensors");
  const auto file = checkpoint.files.front()->bytes();
  for (const auto& [name, tensor] : checkpoint.tensors) {
    if (tensor.numel() == 0) continue;
    const auto offset = static_cast<std::size_t>(tensor.bytes.data() - file.data());
    EXPECT_LT(offset, file.size()) << name << " was copied";
    EXPECT_EQ(offset % std::max(1u, bits(tensor.dtype) / 8), 0u) << name;
  }
}

TEST_F(SafetensorsWriter, OrderOfTensorsDoesNotMatter) {
  auto tensors = every_dtype();
  write_safetensors(folder_ / "a", tensors);
  std::reverse(tensors.begin(), tensors.end());
  write_safetensors(folder_ / "b", tensors);
  EXPECT_EQ(read_file(folder_ / "a", ErrorKind::weights, 1 << 20),
            read_file(folder_ / "b", ErrorKind::weights, 1 << 20));
}

TEST_F(SafetensorsWriter, StridedTensorsBecomeDense) {
  NamedTensor transposed = made("t", Dtype::i16, {3, 2});
  std::swap(transposed.tensor.shape[0], transposed.tensor.shape[1]);
  std::swap(transposed.tensor.strides[0], transposed.tensor.strides[1]);
  write_safetensors(folder_ / "t.safetensors", std::span(&transposed, 1));
  const Bytes dense = bytes_of(made("t", Dtype::i16, {3, 2}).tensor);
  const Checkpoint checkpoint = open(folder_ / "t.safetensors");
  const Bytes turned = bytes_of(*checkpoint.find("t"));
  const auto element = [](const Bytes& bytes, std::size_t i) { return bytes.substr(2 * i, 2); };
  for (std::size_t row = 0; row < 2; ++row) {
    for (std::size_t column = 0; column < 3; ++column)
      EXPECT_EQ(element(turned, 3 * row + column), element(dense, 2 * column + row));
  }
}

TEST_F(SafetensorsWriter, RefusesWhatItCouldNotRead) {
  const auto write_named = [&](const std::string& name) {
    const NamedTensor tensor = made(name, Dtype::u8, {1});
    write_safetensors(folder_ / "x.safetensors", std::span(&tensor, 1));
  };
  for (const std::string name : {"", "__metadata__", "\xFF", "../x"}) {
    EXPECT_THROW(write_named(name), Error) << name;
    EXPECT_TRUE(std::filesystem::is_empty(folder_)) << "nothing is left behind";
  }
  const std::vector<NamedTensor> twice{made("a", Dtype::u8, {1}), made("a", Dtype::u8, {1})};
  EXPECT_THROW(write_safetensors(folder_ / "x.safetensors", twice), Error);
}

TEST_F(SafetensorsWriter, KeepsAnExistingFile) {
  write("old.safetensors", "precious");
  const NamedTensor tensor = made("a", Dtype::u8, {1});
  try {
    write_safetensors(folder_ / "old.safetensors", std::span(&tensor, 1));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
  }
  EXPECT_EQ(read_file(folder_ / "old.safetensors", ErrorKind::weights, 100), "precious");
  write_safetensors(folder_ / "old.safetensors", std::span(&tensor, 1), {}, true);
  EXPECT_EQ(open(folder_ / "old.safetensors").tensors.size(), 1u);
}

TEST_F(SafetensorsWriter, OverwritesTheFileItReadsFrom) {
  write_safetensors(folder_ / "own.safetensors", every_dtype());
  const Checkpoint checkpoint = open(folder_ / "own.safetensors");
  write_safetensors(folder_ / "own.safetensors", checkpoint.tensors, {}, true);
  expect_equal(open(folder_ / "own.safetensors"), every_dtype());
}

// torch -------------------------------------------------------------------------------------------------------------

struct StorageType {
  const char* name;
  Dtype dtype;
};
constexpr StorageType kStorageTypes[] = {
    {"DoubleStorage", Dtype::f64},    {"FloatStorage", Dtype::f32},        {"HalfStorage", Dtype::f16},
    {"BFloat16Storage", Dtype::bf16}, {"LongStorage", Dtype::i64},         {"IntStorage", Dtype::i32},
    {"ShortStorage", Dtype::i16},     {"CharStorage", Dtype::i8},          {"ByteStorage", Dtype::u8},
    {"BoolStorage", Dtype::boolean},  {"ComplexFloatStorage", Dtype::c64},
};

TEST(TorchFiles, EveryStorageType) {
  for (const auto& [type, dtype] : kStorageTypes) {
    const auto bytes = pattern(6 * bits(dtype) / 8, 1);
    const Bytes data(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    const Op value = dict({{text("w"), tensor(storage(type, "0", 6), 0, {2, 3}, {3, 1})}});
    for (const Bytes& file : {torch_zip(value, {{"0", data}}), torch_legacy(value, {{"0", data}}, bits(dtype) / 8)}) {
      const Checkpoint checkpoint = open_copy(file);
      const TensorRecord& tensor = *checkpoint.find("w");
      EXPECT_EQ(tensor.dtype, dtype) << type;
      EXPECT_THAT(tensor.shape, ElementsAre(2, 3));
      EXPECT_EQ(bytes_of(tensor), data) << type;
    }
  }
}

TEST(TorchFiles, UntypedStoragesOfVersion3) {
  const std::pair<const char*, Dtype> types[] = {{"float8_e4m3fn", Dtype::f8_e4m3},
                                                 {"float8_e5m2", Dtype::f8_e5m2},
                                                 {"float8_e4m3fnuz", Dtype::f8_e4m3fnuz},
                                                 {"float8_e8m0fnu", Dtype::f8_e8m0},
                                                 {"uint16", Dtype::u16},
                                                 {"uint32", Dtype::u32},
                                                 {"uint64", Dtype::u64}};
  for (const auto& [name, dtype] : types) {
    const Bytes data(3 * bits(dtype) / 8, 'x');
    const Op id = tuple({text("storage"), global("torch.storage", "UntypedStorage"), text("0"), text("cpu"),
                         integer(static_cast<std::int64_t>(data.size()))}) +
                  "Q";
    const Op value =
        reduce(global("torch._utils", "_rebuild_tensor_v3"),
               tuple({id, integer(1), sizes({2}), sizes({1}), boolean(false), "}", global("torch", name)}));
    const Checkpoint checkpoint = open_copy(torch_zip(dict({{text("w"), value}}), {{"0", data}}));
    EXPECT_EQ(checkpoint.find("w")->dtype, dtype) << name;
    EXPECT_EQ(bytes_of(*checkpoint.find("w")).size(), 2u * bits(dtype) / 8);
  }
}

TEST(TorchFiles, ViewsReadTheElementsTheyName) {
  const Bytes data = floats({0, 1, 2, 3, 4, 5});
  const auto view = [](std::int64_t offset, std::initializer_list<std::int64_t> shape,
                       std::initializer_list<std::int64_t> strides) {
    return tensor(storage("FloatStorage", "0", 6), offset, shape, strides);
  };
  const Op value = ordered_dict({{text("whole"), view(0, {2, 3}, {3, 1})},
                                 {text("transposed"), view(0, {3, 2}, {1, 3})},
                                 {text("row"), view(3, {3}, {1})},
                                 {text("column"), view(1, {2}, {3})},
                                 {text("scalar"), view(5, {}, {})},
                                 {text("expanded"), view(2, {2, 2}, {0, 0})},
                                 {text("overlapping"), view(0, {3, 2}, {1, 1})},
                                 {text("empty"), view(6, {0, 2}, {2, 1})}});
  for (const Bytes& file : {torch_zip(value, {{"0", data}}), torch_legacy(value, {{"0", data}})}) {
    const Checkpoint checkpoint = open_copy(file);
    EXPECT_EQ(bytes_of(*checkpoint.find("whole")), data);
    EXPECT_EQ(bytes_of(*checkpoint.find("transposed")), floats({0, 3, 1, 4, 2, 5}));
    EXPECT_EQ(bytes_of(*checkpoint.find("row")), floats({3, 4, 5}));
    EXPECT_EQ(bytes_of(*checkpoint.find("column")), floats({1, 4}));
    EXPECT_EQ(bytes_of(*checkpoint.find("scalar")), floats({5}));
    EXPECT_EQ(bytes_of(*checkpoint.find("expanded")), floats({2, 2, 2, 2}));
    EXPECT_EQ(bytes_of(*checkpoint.find("overlapping")), floats({0, 1, 1, 2, 2, 3}));
    EXPECT_EQ(bytes_of(*checkpoint.find("empty")), "");
    EXPECT_EQ(checkpoint.find("whole")->bytes.data(), checkpoint.find("transposed")->bytes.data())
        << "the storage is shared";
    EXPECT_THAT(checkpoint.names(),
                ElementsAre("whole", "transposed", "row", "column", "scalar", "expanded", "overlapping", "empty"));
  }
}

// npz ---------------------------------------------------------------------------------------------------------------

Bytes npy_of(const std::string& descr, const std::string& shape, const Bytes& data, bool fortran = false) {
  return npy(
      "{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': " + shape + ", }",
      data);
}

TEST(Npz, EveryType) {
  const std::pair<const char*, Dtype> types[] = {
      {"<f8", Dtype::f64}, {"<f4", Dtype::f32},     {"<f2", Dtype::f16}, {"<i8", Dtype::i64}, {"<i4", Dtype::i32},
      {"<i2", Dtype::i16}, {"|i1", Dtype::i8},      {"<u8", Dtype::u64}, {"<u4", Dtype::u32}, {"<u2", Dtype::u16},
      {"|u1", Dtype::u8},  {"|b1", Dtype::boolean}, {"<c8", Dtype::c64}, {"|V2", Dtype::bf16}};
  for (const auto& [descr, dtype] : types) {
    const auto bytes = pattern(6 * bits(dtype) / 8, 3);
    const Bytes data(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    const Checkpoint checkpoint = open_copy(npz({{"a", npy_of(descr, "(2, 3)", data)}}));
    EXPECT_EQ(checkpoint.container, Container::npz);
    EXPECT_EQ(checkpoint.find("a")->dtype, dtype) << descr;
    EXPECT_EQ(bytes_of(*checkpoint.find("a")), data) << descr;
  }
}

TEST(Npz, FortranOrderIsTurned) {
  const Checkpoint checkpoint = open_copy(npz({{"a", npy_of("<f4", "(2, 3)", floats({0, 3, 1, 4, 2, 5}), true)}}));
  EXPECT_EQ(bytes_of(*checkpoint.find("a")), floats({0, 1, 2, 3, 4, 5}));
}

TEST(Npz, ScalarsAndEmptyArrays) {
  const Checkpoint checkpoint =
      open_copy(npz({{"s", npy_of("<f4", "()", floats({7}))}, {"e", npy_of("<f4", "(0, 3)", "")}}));
  EXPECT_THAT(checkpoint.find("s")->shape, IsEmpty());
  EXPECT_EQ(bytes_of(*checkpoint.find("s")), floats({7}));
  EXPECT_EQ(checkpoint.find("e")->numel(), 0u);
}

TEST(Npz, FoldersOfFlaxAreTakenOff) {
  const Bytes one = npy_of("<f4", "(1,)", floats({1}));
  Checkpoint checkpoint = open_copy(npz({{"opt/target/head/bias", one}, {"opt/state/step", one}}));
  EXPECT_THAT(checkpoint.names(), ElementsAre("head/bias"));
  EXPECT_THAT(checkpoint.ignored, ElementsAre("opt/state/step"));
  EXPECT_THAT(checkpoint.unwrapped, ElementsAre("opt/target"));
  checkpoint = open_copy(npz({{"params/img/cls", one}}));
  EXPECT_THAT(checkpoint.names(), ElementsAre("img/cls"));
  checkpoint = open_copy(npz({{"Transformer/encoder_norm/scale", one}}));
  EXPECT_THAT(checkpoint.unwrapped, IsEmpty());
}

TEST(Npz, StackedLayersComeApart) {
  const Bytes stacked = npy_of("<f4", "(3, 2)", floats({0, 1, 2, 3, 4, 5}));
  Checkpoint checkpoint = open_copy(npz({{"encoderblock/bias", stacked}, {"cls", npy_of("<f4", "(1,)", floats({9}))}}));
  unstack(checkpoint, "encoderblock/", "encoderblock_{i}/");
  EXPECT_THAT(checkpoint.names(),
              ElementsAre("encoderblock_0/bias", "encoderblock_1/bias", "encoderblock_2/bias", "cls"));
  EXPECT_EQ(bytes_of(*checkpoint.find("encoderblock_1/bias")), floats({2, 3}));
}

}  // namespace
}  // namespace vitral::weights::build
