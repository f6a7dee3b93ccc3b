/// Numbers out of a file's bytes, without ever leaving them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace vitral::image {

/// What lies behind the end reads as 0, and slices are cut at the end: callers ask `has` where the difference matters.
class ByteView {
 public:
  ByteView() = default;
  explicit ByteView(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::size_t size() const { return bytes_.size(); }
  std::span<const std::byte> span() const { return bytes_; }
  const std::uint8_t* data() const { return reinterpret_cast<const std::uint8_t*>(bytes_.data()); }
  std::string_view text() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }

  bool has(std::uint64_t offset, std::uint64_t count) const { return offset <= size() && count <= size() - offset; }
  ByteView slice(std::uint64_t offset, std::uint64_t count = ~std::uint64_t{0}) const {
    const std::uint64_t begin = std::min<std::uint64_t>(offset, size());
    return ByteView(bytes_.subspan(begin, std::min<std::uint64_t>(count, size() - begin)));
  }
  bool starts_with(std::string_view magic, std::uint64_t offset = 0) const {
    return slice(offset, magic.size()).text() == magic;
  }

  std::uint8_t u8(std::uint64_t offset) const { return offset < size() ? data()[offset] : 0; }
  std::uint16_t be16(std::uint64_t offset) const { return static_cast<std::uint16_t>(number(offset, 2, true)); }
  std::uint32_t be32(std::uint64_t offset) const { return number(offset, 4, true); }
  std::uint16_t le16(std::uint64_t offset) const { return static_cast<std::uint16_t>(number(offset, 2, false)); }
  std::uint32_t le24(std::uint64_t offset) const { return number(offset, 3, false); }
  std::uint32_t le32(std::uint64_t offset) const { return number(offset, 4, false); }

 private:
  std::uint32_t number(std::uint64_t offset, unsigned count, bool big_endian) const {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < count; ++i) value |= std::uint32_t{u8(offset + i)} << 8 * (big_endian ? count - 1 - i : i);
    return value;
  }

  std::span<const std::byte> bytes_;
};

}  // namespace vitral::image
