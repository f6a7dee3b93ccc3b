/// What tests of whole files share: a folder of their own, tensors with recognisable bytes.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/weights/builders.h"

namespace vitral::weights::build {

/// Sanitizers make everything slower and larger.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
inline constexpr bool kSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool kSanitized = false;
#endif

class Files : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path write(const std::string& name, const Bytes& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("vitral_weights_" + std::to_string(::getpid()));
};

/// `count` bytes that differ from one another and from those of other seeds.
inline std::shared_ptr<std::vector<std::byte>> pattern(std::size_t count, unsigned seed) {
  auto bytes = std::make_shared<std::vector<std::byte>>(count);
  for (std::size_t i = 0; i < count; ++i) (*bytes)[i] = static_cast<std::byte>((i * 37 + seed * 101 + 11) % 251);
  return bytes;
}

inline NamedTensor made(const std::string& name, Dtype dtype, std::vector<std::int64_t> shape) {
  std::uint64_t size = bits(dtype);
  for (const auto dimension : shape) size *= static_cast<std::uint64_t>(dimension);
  const auto bytes = pattern(size / 8, static_cast<unsigned>(dtype));
  return {name, dense_record(dtype, std::move(shape), *bytes, bytes)};
}

inline Bytes bytes_of(const TensorRecord& tensor) {
  std::vector<std::byte> scratch;
  const auto bytes = contiguous_bytes(tensor, scratch);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace vitral::weights::build
