// Windows and OS/2 bitmaps: 1, 4, 8 bits with a palette (plain or run-length coded), 16, 24, 32 bits with masks.
#include <array>
#include <bit>
#include <string>
#include <vector>

#include "common/image/codec.h"

namespace vitral::image {
namespace {

enum Compression : std::uint32_t { kPlain = 0, kRle8 = 1, kRle4 = 2, kBitFields = 3, kJpeg = 4, kPng = 5 };

constexpr std::size_t kFileHeader = 14;
constexpr std::size_t kMasksAt = kFileHeader + 40;  ///< in longer headers inside, after the 40-byte header behind it

struct Layout {
  bool top_down = false;
  std::uint32_t bits = 0;
  std::uint32_t compression = kPlain;
  std::uint64_t palette = 0;             ///< where the palette begins
  std::uint32_t colors = 0;              ///< its entries
  std::uint32_t entry_bytes = 4;         ///< 3 in OS/2's
  std::uint64_t pixels = 0;              ///< where the pixels begin
  std::array<std::uint32_t, 3> masks{};  ///< red, green, blue
  std::uint64_t stride(int width) const { return (static_cast<std::uint64_t>(width) * bits + 31) / 32 * 4; }
};

std::array<std::uint32_t, 3> default_masks(std::uint32_t bits) {
  if (bits == 16) return {0x7C00, 0x3E0, 0x1F};
  return {0xFF0000, 0xFF00, 0xFF};
}

/// A mask has to be one run of at most 16 bits.
void check_masks(const Source& source, const Layout& layout) {
  for (const std::uint32_t mask : layout.masks) {
    const int low = std::countr_zero(mask);
    const int count = std::popcount(mask);
    if (count < 1 || count > 16 || mask >> low != (std::uint64_t{1} << count) - 1) {
      source.fail("is a BMP file with an unusual layout of colour bits, which is not read");
    }
  }
}

void check_kind(const Source& source, const Layout& layout) {
  const std::uint32_t bits = layout.bits;
  if (layout.compression == kJpeg || layout.compression == kPng) {
    source.fail("is a BMP file around a JPEG or PNG, which is not read");
  }
  const bool known = bits == 1 || bits == 4 || bits == 8 || bits == 16 || bits == 24 || bits == 32;
  const bool fits = layout.compression == kPlain || (layout.compression == kRle8 && bits == 8) ||
                    (layout.compression == kRle4 && bits == 4) || (layout.compression == kBitFields && bits >= 16);
  if (!known || !fits) {
    source.fail("is a BMP file of " + std::to_string(bits) + " bits a pixel and compression " +
                std::to_string(layout.compression) + ", which is not read");
  }
}

Layout read_layout(const Source& source, Header& header) {
  const ByteView& bytes = source.bytes;
  const std::uint32_t header_bytes = bytes.le32(14);
  if (!bytes.has(kFileHeader, header_bytes)) source.fail("is cut short: the BMP file ends inside its header");
  Layout layout;
  header.format = Format::bmp;
  if (header_bytes == 12) {  // OS/2 1.x
    header.width = checked_side(source, bytes.le16(18), "width");
    header.height = checked_side(source, bytes.le16(20), "height");
    layout.bits = bytes.le16(24);
    layout.entry_bytes = 3;
  } else {
    const auto height = static_cast<std::int32_t>(bytes.le32(22));
    layout.top_down = height < 0;
    header.width = checked_side(source, bytes.le32(18), "width");
    header.height =
        checked_side(source, static_cast<std::uint64_t>(height < 0 ? -std::int64_t{height} : height), "height");
    layout.bits = bytes.le16(28);
    layout.compression = bytes.le32(30);
    layout.colors = bytes.le32(46);
  }
  check_kind(source, layout);
  layout.palette = kFileHeader + header_bytes;
  const std::uint64_t stated = bytes.le32(10);
  if (layout.bits <= 8) {
    if (layout.colors == 0) layout.colors = 1U << layout.bits;
    if (layout.colors > 65536)
      source.fail("is a BMP file with a palette of " + std::to_string(layout.colors) + " colours");
    // Some writers forget the palette when they say where the pixels begin.
    const std::uint64_t behind = layout.palette + std::uint64_t{layout.colors} * layout.entry_bytes;
    layout.pixels = stated == 0 || stated == layout.palette ? behind : stated;
  } else {
    const bool masked = layout.compression == kBitFields;
    const bool masks_behind = masked && header_bytes == 40;
    layout.pixels = stated != 0 ? stated : layout.palette + (masks_behind ? 12 : 0);
    if (masked) layout.masks = {bytes.le32(kMasksAt), bytes.le32(kMasksAt + 4), bytes.le32(kMasksAt + 8)};
    if (layout.masks == std::array<std::uint32_t, 3>{}) layout.masks = default_masks(layout.bits);
    check_masks(source, layout);
  }
  header.bit_depth = layout.bits <= 8 ? static_cast<int>(layout.bits) : 8;
  header.channels = layout.bits <= 8 ? Channels::palette : Channels::rgb;
  return layout;
}

[[noreturn]] void fail_short(const Source& source) {
  source.fail("is cut short: the BMP file ends before its pixels do");
}

/// Palette indices of all pixels in the order of the file, unpacked from run-length codes.
class RunLength {
 public:
  RunLength(const Source& source, const Layout& layout, const Header& header)
      : bytes_(source.bytes),
        position_(layout.pixels),
        nibbles_(layout.compression == kRle4),
        width_(static_cast<std::size_t>(header.width)),
        total_(width_ * static_cast<std::size_t>(header.height)) {}

  /// Fewer than width * height where the codes end early.
  std::vector<std::uint8_t> unpack() {
    while (out_.size() < total_ && bytes_.has(position_, 2)) {
      const std::uint8_t count = bytes_.u8(position_);
      const std::uint8_t value = bytes_.u8(position_ + 1);
      position_ += 2;
      if (count > 0) {
        repeat(count, value);
      } else if (value == 0) {
        zeros((width_ - out_.size() % width_) % width_);
        column_ = 0;
      } else if (value == 1) {
        break;
      } else if (value == 2) {
        zeros(bytes_.u8(position_) + bytes_.u8(position_ + 1) * width_);
        position_ += 2;
        column_ = out_.size() % width_;
      } else {
        copy(value);
      }
    }
    return std::move(out_);
  }

 private:
  void put(std::uint8_t index) {
    if (out_.size() < total_) out_.push_back(index);
  }
  void zeros(std::size_t count) { out_.resize(std::min(total_, out_.size() + count)); }
  void repeat(std::size_t count, std::uint8_t value) {
    count = column_ < width_ ? std::min(count, width_ - column_) : 0;  // a run never goes on in the next row
    for (std::size_t i = 0; i < count; ++i) put(!nibbles_ ? value : i % 2 == 0 ? value >> 4 : value & 15);
    column_ += count;
  }
  void copy(std::size_t count) {
    const std::size_t stored = nibbles_ ? (count + 1) / 2 : count;
    for (std::size_t i = 0; i < count && bytes_.has(position_ + (nibbles_ ? i / 2 : i), 1); ++i) {
      const std::uint8_t value = bytes_.u8(position_ + (nibbles_ ? i / 2 : i));
      put(!nibbles_ ? value : i % 2 == 0 ? value >> 4 : value & 15);
    }
    position_ += stored;
    position_ += position_ % 2;
    column_ += count;
  }

  const ByteView& bytes_;
  std::uint64_t position_;
  bool nibbles_;
  std::size_t width_, total_, column_ = 0;
  std::vector<std::uint8_t> out_;
};

using Palette = std::array<std::array<std::uint8_t, 3>, 256>;

/// Entries that the file lacks are black.
Palette read_palette(const Source& source, const Layout& layout) {
  Palette palette{};
  for (std::uint32_t i = 0; i < std::min<std::uint32_t>(layout.colors, 256); ++i) {
    const std::uint64_t at = layout.palette + std::uint64_t{i} * layout.entry_bytes;
    palette[i] = {source.bytes.u8(at + 2), source.bytes.u8(at + 1), source.bytes.u8(at)};
  }
  return palette;
}

/// One row of palette indices of 1, 4 or 8 bits -> RGB.
void expand_indices(const std::uint8_t* from, std::uint32_t bits, const Palette& palette, std::uint8_t* to, int width) {
  const std::uint32_t per_byte = 8 / bits;
  const std::uint32_t mask = (1U << bits) - 1;
  for (std::uint32_t x = 0; x < static_cast<std::uint32_t>(width); ++x, to += 3) {
    const auto& color = palette[from[x / per_byte] >> (8 - bits - x % per_byte * bits) & mask];
    std::copy(color.begin(), color.end(), to);
  }
}

/// One row of pixels of 2, 3 or 4 bytes -> RGB. Fewer than 8 bits of a colour are scaled to 0..255, rounded down.
void expand_masked(const std::uint8_t* from, const Layout& layout, std::uint8_t* to, int width) {
  const std::uint32_t pixel_bytes = layout.bits / 8;
  std::array<int, 3> shift{};
  std::array<std::uint32_t, 3> largest{};
  for (std::size_t c = 0; c < 3; ++c) {
    shift[c] = std::countr_zero(layout.masks[c]);
    largest[c] = layout.masks[c] >> shift[c];
  }
  for (int x = 0; x < width; ++x, from += pixel_bytes, to += 3) {
    std::uint32_t value = 0;
    for (std::uint32_t i = 0; i < pixel_bytes; ++i) value |= std::uint32_t{from[i]} << 8 * i;
    for (std::size_t c = 0; c < 3; ++c) {
      to[c] = static_cast<std::uint8_t>(((value & layout.masks[c]) >> shift[c]) * 255 / largest[c]);
    }
  }
}

}  // namespace

Header bmp_header(const Source& source) {
  Header header;
  read_layout(source, header);
  return header;
}

Image bmp_decode(const Source& source, const Header& header) {
  Header same;
  const Layout layout = read_layout(source, same);
  const bool runs = layout.compression == kRle8 || layout.compression == kRle4;
  const std::uint64_t stride = runs ? static_cast<std::uint64_t>(header.width) : layout.stride(header.width);
  std::vector<std::uint8_t> indices;
  ByteView rows = source.bytes.slice(layout.pixels);
  if (runs) {
    indices = RunLength(source, layout, header).unpack();
    rows = ByteView(std::as_bytes(std::span(indices)));
  }
  // The padding behind the last row may be missing.
  const std::uint64_t row_bytes = runs ? stride : (static_cast<std::uint64_t>(header.width) * layout.bits + 7) / 8;
  if (!rows.has(0, stride * static_cast<std::uint64_t>(header.height - 1) + row_bytes)) fail_short(source);
  const Palette palette = layout.bits <= 8 ? read_palette(source, layout) : Palette{};
  Image image = Image::uninitialized(header.width, header.height);
  for (int y = 0; y < header.height; ++y) {
    const std::uint8_t* from = rows.data() + stride * static_cast<std::uint64_t>(y);
    std::uint8_t* to = image.row(layout.top_down ? y : header.height - 1 - y);
    if (layout.bits <= 8) {
      expand_indices(from, runs ? 8 : layout.bits, palette, to, header.width);
    } else {
      expand_masked(from, layout, to, header.width);
    }
  }
  return image;
}

}  // namespace vitral::image
