/// Pictures for tests: patterns, checksums, and files made byte by byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/image/image.h"

namespace vitral::test {

using Bytes = std::vector<std::byte>;

Bytes bytes_of(std::string_view text);
Bytes& operator+=(Bytes& a, const Bytes& b);
Bytes operator+(Bytes a, const Bytes& b);
/// The first `count` bytes.
Bytes cut(const Bytes& bytes, std::size_t count);

/// tests/golden/pixels.json.
const nlohmann::json& golden();
/// A file of tests/image/pictures.
Bytes picture(const std::string& name);

/// The picture that tests/golden/pixels.py makes too.
image::Image pattern(int width, int height, std::uint32_t seed = 0);
std::uint32_t checksum(std::span<const std::byte> bytes);
std::uint32_t checksum(const image::Image& image);

/// Numbers as bytes.
Bytes be16(std::uint32_t value);
Bytes be32(std::uint32_t value);
Bytes le16(std::uint32_t value);
Bytes le32(std::uint32_t value);

/// A TIFF block with the orientation as its only entry.
Bytes exif_block(std::uint32_t orientation, bool big_endian = false);

Bytes png_chunk(std::string_view name, const Bytes& content);
Bytes png_header(std::uint32_t width, std::uint32_t height, unsigned depth, unsigned color, unsigned interlace = 0);
Bytes deflated(const Bytes& bytes);
/// Signature, IHDR, `before`, one IDAT with the deflated rows (a filter byte each), IEND.
Bytes png(std::uint32_t width, std::uint32_t height, unsigned depth, unsigned color, const Bytes& rows,
          const Bytes& before = {});
/// An 8-bit RGB PNG of `image`.
Bytes png(const image::Image& image, const Bytes& before = {});

/// A JPEG segment: marker, length, content.
Bytes jpeg_segment(unsigned marker, const Bytes& content);
/// `jpeg` with bytes put behind its first two.
Bytes with_segment(const Bytes& jpeg, const Bytes& segment);
/// A progressive grey JPEG of `scans` scans: one for the mean of each block, the rest one coefficient each, repeated.
Bytes jpeg_of_scans(int width, int height, int scans);

/// A chunk of a RIFF file.
Bytes riff_chunk(std::string_view name, const Bytes& content);
Bytes webp(const Bytes& chunks);
/// A lossless WebP of `image` as its bare VP8L chunk.
Bytes vp8l_chunk(const image::Image& image);

/// A Windows bitmap of version 3.
struct Bmp {
  std::int32_t width = 2, height = 2;
  unsigned bits = 24, compression = 0;
  std::uint32_t colors = 0;
  Bytes between;  ///< palette or masks
  Bytes pixels;
  Bytes file() const;
};

}  // namespace vitral::test
