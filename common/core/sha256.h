/// SHA-256 (FIPS 180-4), for checking downloaded files.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace vitral {

/// Hashes what it is fed, in pieces of any length.
class Sha256 {
 public:
  void update(std::span<const std::byte> bytes);
  /// 64 lower-case hex digits of everything fed so far. Nothing may be fed afterwards.
  std::string hex();

 private:
  void block(const std::byte* data);

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, 64> pending_{};
  std::uint64_t bytes_ = 0;
};

/// The hash of a regular file. Throws Error(failed) where it can't be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace vitral
