#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/weights/files.h"
#include "tests/weights/hostile.h"

namespace vitral::weights::build {
namespace {

const Bytes kEight(8, '\0');

/// A header of length `stated`, whatever follows.
Bytes with_length(std::uint64_t stated, std::string_view rest = "{}      ") {
  return u64(stated) + Bytes(rest);
}

Bytes two_tensors(std::string_view first_offsets, std::string_view second_offsets, std::size_t data) {
  return safetensors("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" + Bytes(first_offsets) +
                         "},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" + Bytes(second_offsets) + "}}",
                     Bytes(data, 'x'));
}

Bytes named(std::string_view json_name) {
  return safetensors("{\"" + Bytes(json_name) + "\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", "x");
}

Bytes entry(std::string_view body) {
  return safetensors("{\"t\":{" + Bytes(body) + "}}", kEight);
}

Bytes many_tensors(std::size_t count) {
  Bytes header = "{";
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) header += ',';
    header += "\"t" + std::to_string(i) + "\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}";
  }
  return safetensors(header + "}");
}

Bytes metadata(std::string_view value) {
  return safetensors("{\"__metadata__\":" + Bytes(value) + "}");
}

Bytes many_notes(std::size_t count) {
  Bytes notes = "{";
  for (std::size_t i = 0; i < count; ++i) notes += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":\"\"";
  return metadata(notes + "}");
}

Bytes dimensions(std::size_t rank) {
  Bytes shape = "[1";
  for (std::size_t i = 1; i < rank; ++i) shape += ",1";
  return one_tensor("\"F32\"", shape + "]", "[0,4]", floats({1}));
}

Bytes shaped(std::string_view shape, std::size_t bytes = 8) {
  return one_tensor("\"F32\"", shape, "[0," + std::to_string(bytes) + "]", Bytes(bytes, 'x'));
}

Bytes offsets(std::string_view text) {
  return one_tensor("\"F32\"", "[2]", text, kEight);
}

TEST(SafetensorsHostile, Length) {
  expect_faults({
      {"empty file", Bytes(), Fault::truncated},
      {"7 bytes", Bytes(7, '\0'), Fault::truncated},
      {"length 0", with_length(0, ""), Fault::bad_json},
      {"length 0, then a header", with_length(0), Fault::bad_json},
      {"length 1", with_length(1), Fault::bad_json},
      {"length 10^8", with_length(100'000'000), Fault::truncated},
      {"length 10^8 + 1", with_length(100'000'001), Fault::limit},
      {"length 2^31", with_length(1ull << 31), Fault::limit},
      {"length 2^32", with_length(1ull << 32), Fault::limit},
      {"length 2^63", with_length(1ull << 63), Fault::limit},
      {"length 2^64 - 1", with_length(UINT64_MAX), Fault::limit},
      {"length 2^64 - 8", with_length(UINT64_MAX - 7), Fault::limit},
      {"length one past the file", with_length(9), Fault::truncated},
      {"length ends inside a character", u64(4) + "{\"\xC3\xA9\":1}", Fault::bad_json},
  });
}

TEST(SafetensorsHostile, Header) {
  expect_faults({
      {"no JSON", safetensors("hello"), Fault::bad_json},
      {"array", safetensors("[]"), Fault::bad_header},
      {"string", safetensors("\"t\""), Fault::bad_header},
      {"number", safetensors("1"), Fault::bad_header},
      {"null", safetensors("null"), Fault::bad_header},
      {"true", safetensors("true"), Fault::bad_header},
      {"open brace only", safetensors("{"), Fault::bad_json},
      {"no tensors", safetensors("{}"), std::nullopt},
      {"depth 10^6 of arrays", safetensors(repeat("[", 1'000'000)), Fault::bad_header},
      {"depth 10^6 of objects", safetensors(repeat("{\"a\":", 1'000'000)), Fault::bad_header},
      {"leading space", safetensors("    {}"), std::nullopt},
      {"leading tab and line", safetensors("\t\n{}"), std::nullopt},
      {"leading NUL", safetensors(Bytes("\0{}", 3)), Fault::bad_json},
      {"leading byte order mark", safetensors("\xEF\xBB\xBF{}"), Fault::bad_json},
      {"trailing space", safetensors("{}      "), std::nullopt},
      {"trailing tab", safetensors("{}\t"), std::nullopt},
      {"trailing NUL", safetensors(Bytes("{}\0", 3)), Fault::bad_json},
      {"trailing text", safetensors("{}x"), Fault::bad_json},
      {"two objects", safetensors("{}{}"), Fault::bad_json},
      {"comment", safetensors("{/* */}"), Fault::bad_json},
      {"trailing comma", safetensors("{\"__metadata__\":{},}"), Fault::bad_json},
      {"invalid UTF-8", named("\xFF"), Fault::bad_json},
      {"overlong UTF-8", named("\xC0\xAF"), Fault::bad_json},
      {"tensor is a number", safetensors("{\"t\":1}"), Fault::bad_header},
      {"tensor is an array", safetensors("{\"t\":[]}"), Fault::bad_header},
      {"tensor is null", safetensors("{\"t\":null}"), Fault::bad_header},
      {"unknown field", entry("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"device\":\"cpu\""),
       Fault::bad_header},
  });
}

TEST(SafetensorsHostile, Names) {
  expect_faults({
      {"duplicate name",
       safetensors("{\"t\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                   "\"t\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
                   "xy"),
       Fault::duplicate_name},
      {"duplicate name, spelt with an escape",
       safetensors("{\"t\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                   "\"\\u0074\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
                   "xy"),
       Fault::duplicate_name},
      {"duplicate dtype", entry("\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]"),
       Fault::duplicate_name},
      {"duplicate shape", entry("\"dtype\":\"F32\",\"shape\":[2],\"shape\":[2],\"data_offsets\":[0,8]"),
       Fault::duplicate_name},
      {"duplicate offsets", entry("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"data_offsets\":[0,8]"),
       Fault::duplicate_name},
      {"duplicate metadata", safetensors("{\"__metadata__\":{},\"__metadata__\":{}}"), Fault::duplicate_name},
      {"duplicate note", metadata("{\"a\":\"1\",\"a\":\"2\"}"), Fault::duplicate_name},
      {"metadata is a list", metadata("[]"), Fault::bad_header},
      {"metadata is a string", metadata("\"x\""), Fault::bad_header},
      {"metadata holds a number", metadata("{\"a\":1}"), Fault::bad_header},
      {"metadata holds an object", metadata("{\"a\":{}}"), Fault::bad_header},
      {"metadata holds null", metadata("{\"a\":null}"), Fault::bad_header},
      {"metadata of 10^6 notes", many_notes(1'000'000), Fault::limit},
      {"metadata of strings", metadata("{\"format\":\"pt\"}"), std::nullopt},
      {"empty name", named(""), Fault::bad_name},
      {"name of 1 MB", named(repeat("n", 1'000'000)), Fault::bad_name},
      {"name of 5 MB", named(repeat("n", 5 << 20)), Fault::limit},
      {"name of 5 MB of escapes", named(repeat("\\\"", 5 << 19)), Fault::limit},
      {"name of 3 MB of escapes", named(repeat("\\\"", 3 << 19)), Fault::bad_name},
      {"note of 3 MB", metadata("{\"a\":\"" + repeat("n", 3 << 20) + "\"}"), std::nullopt},
      {"notes of 9 MB", metadata("{\"a\":\"" + repeat("n", 3 << 20) + "\",\"b\":\"" + repeat("\\\\", 3 << 20) + "\"}"),
       Fault::limit},
      {"name of 1,024 bytes", named(repeat("n", 1'024)), std::nullopt},
      {"name of 1,025 bytes", named(repeat("n", 1'025)), Fault::bad_name},
      {"NUL in the name", named("a\\u0000b"), Fault::bad_name},
      {"lone surrogate", named("\\ud800"), Fault::bad_json},
      {"path as a name", named("../x"), Fault::bad_name},
      {"path inside a name", named("a/../../x"), Fault::bad_name},
      {"absolute path as a name", named("/etc/passwd"), Fault::bad_name},
      {"name with slashes and spaces", named("params/a b"), std::nullopt},
  });
}

TEST(SafetensorsHostile, TypesAndShapes) {
  expect_faults({
      {"unknown dtype", one_tensor("\"F99\"", "[2]", "[0,8]", kEight), Fault::bad_dtype},
      {"lower-case dtype", one_tensor("\"f32\"", "[2]", "[0,8]", kEight), Fault::bad_dtype},
      {"dtype is a number", one_tensor("32", "[2]", "[0,8]", kEight), Fault::bad_dtype},
      {"dtype is null", one_tensor("null", "[2]", "[0,8]", kEight), Fault::bad_dtype},
      {"dtype is empty", one_tensor("\"\"", "[2]", "[0,8]", kEight), Fault::bad_dtype},
      {"no dtype", entry("\"shape\":[2],\"data_offsets\":[0,8]"), Fault::bad_dtype},
      {"no shape", entry("\"dtype\":\"F32\",\"data_offsets\":[0,8]"), Fault::bad_shape},
      {"no offsets", entry("\"dtype\":\"F32\",\"shape\":[2]"), Fault::bad_offsets},
      {"empty entry", safetensors("{\"t\":{}}"), Fault::bad_dtype},
      {"shape is a number", shaped("2"), Fault::bad_shape},
      {"shape is null", shaped("null"), Fault::bad_shape},
      {"shape is an object", shaped("{}"), Fault::bad_shape},
      {"fractional size", shaped("[2.0]"), Fault::bad_shape},
      {"negative size", shaped("[-2]"), Fault::bad_shape},
      {"negative zero", shaped("[-0]"), Fault::bad_shape},
      {"size with an exponent", shaped("[1e3]"), Fault::bad_shape},
      {"size as a string", shaped("[\"3\"]"), Fault::bad_shape},
      {"nested shape", shaped("[[2]]"), Fault::bad_shape},
      {"size true", shaped("[true]"), Fault::bad_shape},
      {"size 2^63", shaped("[9223372036854775808]"), Fault::bad_shape},
      {"size 2^64", shaped("[18446744073709551616]"), Fault::bad_shape},
      {"rank 16", dimensions(16), std::nullopt},
      {"rank 17", dimensions(17), Fault::limit},
      {"rank 10^5", dimensions(100'000), Fault::limit},
      {"product wraps to 0", shaped("[4294967296,4294967296]", 0), Fault::overflow},
      {"product wraps to 1", shaped("[3,6148914691236517206]", 4), Fault::overflow},
      {"bits wrap to the byte count", shaped("[4611686018427387905,2]", 8), Fault::overflow},
      {"2^63 x 2", shaped("[4611686018427387904,2]", 0), Fault::overflow},
      {"zero does not excuse 2^62 x 4", shaped("[0,4611686018427387904,4]", 0), Fault::overflow},
      {"zero x 2^63", shaped("[0,9223372036854775808]", 0), Fault::bad_shape},
      {"shape smaller than the bytes", shaped("[1]"), Fault::size_mismatch},
      {"shape larger than the bytes", shaped("[1048576]"), Fault::size_mismatch},
      {"odd count of 4-bit elements", one_tensor("\"F4\"", "[3]", "[0,2]", "xy"), Fault::bad_shape},
      {"6-bit elements that end inside a byte", one_tensor("\"F6_E2M3\"", "[5]", "[0,4]", "abcd"), Fault::bad_shape},
      {"4-bit elements", one_tensor("\"F4\"", "[4]", "[0,2]", "xy"), std::nullopt},
      {"6-bit elements", one_tensor("\"F6_E3M2\"", "[4]", "[0,3]", "xyz"), std::nullopt},
      {"scalar", one_tensor("\"F32\"", "[]", "[0,4]", floats({1})), std::nullopt},
      {"zero elements", shaped("[0,3]", 0), std::nullopt},
  });
}

TEST(SafetensorsHostile, Offsets) {
  expect_faults({
      {"one offset", offsets("[0]"), Fault::bad_offsets},
      {"three offsets", offsets("[0,8,8]"), Fault::bad_offsets},
      {"no offsets", offsets("[]"), Fault::bad_offsets},
      {"reversed", offsets("[8,0]"), Fault::bad_offsets},
      {"negative", offsets("[-8,0]"), Fault::bad_offsets},
      {"fractional", offsets("[0.0,8.0]"), Fault::bad_offsets},
      {"strings", offsets("[\"0\",\"8\"]"), Fault::bad_offsets},
      {"null", offsets("null"), Fault::bad_offsets},
      {"end beyond the file", one_tensor("\"F32\"", "[4]", "[0,16]", kEight), Fault::truncated},
      {"end at 2^64 - 1", offsets("[0,18446744073709551615]"), Fault::size_mismatch},
      {"begin at 2^64 - 4", offsets("[18446744073709551612,18446744073709551615]"), Fault::bad_offsets},
      {"overlap by one", two_tensors("[0,4]", "[3,7]", 7), Fault::bad_offsets},
      {"hole of one", two_tensors("[0,4]", "[5,9]", 9), Fault::bad_offsets},
      {"both the same", two_tensors("[0,4]", "[0,4]", 4), Fault::bad_offsets},
      {"first does not begin at 0", offsets("[1,9]"), Fault::bad_offsets},
      {"unsorted but valid", two_tensors("[4,8]", "[0,4]", 8), std::nullopt},
      {"one trailing byte", two_tensors("[0,4]", "[4,8]", 9), Fault::trailing_bytes},
      {"one missing byte", two_tensors("[0,4]", "[4,8]", 7), Fault::truncated},
      {"a zip behind the data", offsets("[0,8]") + zip({{"a", "b"}}), Fault::trailing_bytes},
      {"65,536 tensors", many_tensors(65'536), std::nullopt},
      {"65,537 tensors", many_tensors(65'537), Fault::limit},
  });
}

TEST(SafetensorsHostile, OtherFormatsAreNamed) {
  expect_faults({
      {"7z", "7z\xBC\xAF\x27\x1C" + Bytes(64, '\0'), Fault::unsupported_container},
      {"gzip", "\x1F\x8B" + Bytes(64, '\0'), Fault::unsupported_container},
      {"HDF5", "\x89HDF\r\n\x1A\n" + Bytes(64, '\0'), Fault::unsupported_container},
      {"GGUF", "GGUF" + Bytes(64, '\0'), Fault::unsupported_container},
      {"tar", Bytes(257, '\0') + "ustar" + Bytes(250, '\0'), Fault::unsupported_container},
      {"single npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", floats({1})),
       Fault::unsupported_container},
      {"HTML", Bytes("<!DOCTYPE html><html></html>"), Fault::unsupported_container},
      {"Git LFS pointer", Bytes("version https://git-lfs.github.com/spec/v1\noid sha256:00\n"),
       Fault::unsupported_container},
      {"JSON without a folder", Bytes("{\"weight_map\":{}}"), Fault::unsupported_container},
      {"text", Bytes("These are not the weights you are looking for."), Fault::unknown_container},
      {"picture", "\x89PNG\r\n\x1A\n" + Bytes(64, '\xAA'), Fault::unknown_container},
  });
}

// Files on disk that change or are none -----------------------------------------------------------------------------

using SafetensorsOnDisk = Files;

Bytes large_file() {
  constexpr std::size_t kSize = 1 << 20;
  return one_tensor("\"U8\"", "[" + std::to_string(kSize) + "]", "[0," + std::to_string(kSize) + "]",
                    Bytes(kSize, '\1'));
}

TEST_F(SafetensorsOnDisk, CutShortWhileOpen) {
  const auto path = write("cut.safetensors", large_file());
  const Checkpoint checkpoint = open(path);
  EXPECT_NO_THROW(checkpoint.check());
  std::filesystem::resize_file(path, 4096);
  EXPECT_LT(touch(checkpoint), std::uint64_t{1} << 20) << "the missing pages read as zeros";
  EXPECT_THROW(checkpoint.check(), Error);
  EXPECT_THROW(write_safetensors(folder_ / "copy.safetensors", checkpoint.tensors), Error);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "copy.safetensors"));
}

TEST_F(SafetensorsOnDisk, ReplacedWhileOpen) {
  const auto path = write("replaced.safetensors", large_file());
  const Checkpoint checkpoint = open(path);
  const auto other = write("other", "short");
  std::filesystem::rename(other, path);
  EXPECT_EQ(touch(checkpoint), std::uint64_t{1} << 20) << "the old file stays mapped";
  EXPECT_NO_THROW(checkpoint.check());
}

TEST_F(SafetensorsOnDisk, NoRegularFile) {
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  for (const auto& path : {folder_ / "fifo", folder_, std::filesystem::path("/dev/zero"), folder_ / "missing"}) {
    try {
      open(path);
      ADD_FAILURE() << path << " was opened";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::weights) << path;
    }
  }
}

}  // namespace
}  // namespace vitral::weights::build
