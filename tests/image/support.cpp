#include "tests/image/support.h"
#include "tests/support/source_dir.h"

#include <webp/encode.h>
#include <zlib.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace vitral::test {

Bytes bytes_of(std::string_view text) {
  const auto whole = std::as_bytes(std::span(text));
  return {whole.begin(), whole.end()};
}

Bytes& operator+=(Bytes& a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Bytes operator+(Bytes a, const Bytes& b) {
  return std::move(a += b);
}

Bytes cut(const Bytes& bytes, std::size_t count) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(std::min(count, bytes.size()))};
}

const nlohmann::json& golden() {
  static const nlohmann::json values = [] {
    std::ifstream file(test::source_dir() + "/tests/golden/pixels.json");
    return nlohmann::json::parse(file);
  }();
  return values;
}

Bytes picture(const std::string& name) {
  std::ifstream file(test::source_dir() + "/tests/image/pictures/" + name, std::ios::binary);
  if (!file) throw std::runtime_error("no test picture " + name);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return bytes_of(text);
}

image::Image pattern(int width, int height, std::uint32_t seed) {
  image::Image out = image::Image::uninitialized(width, height);
  auto* to = out.pixels.data();
  for (std::uint32_t y = 0; y < static_cast<std::uint32_t>(height); ++y) {
    for (std::uint32_t x = 0; x < static_cast<std::uint32_t>(width); ++x) {
      for (std::uint32_t c = 0; c < 3; ++c) {
        std::uint32_t h = x * 73856093U ^ y * 19349663U ^ c * 83492791U ^ seed * 2654435761U;
        h = (h ^ h >> 15) * 2246822519U;
        const std::uint32_t wave = x * 3 + y * 5 + c * 40;
        *to++ = static_cast<std::uint8_t>((x / 8 + y / 8) % 2 == 0 ? wave : h >> 24);
      }
    }
  }
  return out;
}

std::uint32_t checksum(std::span<const std::byte> bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

std::uint32_t checksum(const image::Image& image) {
  return checksum(std::as_bytes(std::span(image.pixels)));
}

namespace {

Bytes number(std::uint32_t value, int count, bool big_endian) {
  Bytes out;
  for (int i = 0; i < count; ++i) out.push_back(static_cast<std::byte>(value >> 8 * (big_endian ? count - 1 - i : i)));
  return out;
}

}  // namespace

Bytes be16(std::uint32_t value) {
  return number(value, 2, true);
}
Bytes be32(std::uint32_t value) {
  return number(value, 4, true);
}
Bytes le16(std::uint32_t value) {
  return number(value, 2, false);
}
Bytes le32(std::uint32_t value) {
  return number(value, 4, false);
}

Bytes exif_block(std::uint32_t orientation, bool big) {
  const auto u16 = big ? be16 : le16;
  const auto u32 = big ? be32 : le32;
  return bytes_of(big ? "MM" : "II") + u16(42) + u32(8) + u16(1) + u16(0x0112) + u16(3) + u32(1) + u16(orientation) +
         u16(0) + u32(0);
}

Bytes png_chunk(std::string_view name, const Bytes& content) {
  const Bytes body = bytes_of(name) + content;
  return be32(static_cast<std::uint32_t>(content.size())) + body + be32(checksum(body));
}

Bytes png_header(std::uint32_t width, std::uint32_t height, unsigned depth, unsigned color, unsigned interlace) {
  const Bytes rest{std::byte(depth), std::byte(color), std::byte(0), std::byte(0), std::byte(interlace)};
  return bytes_of("\x89PNG\r\n\x1a\n") + png_chunk("IHDR", be32(width) + be32(height) + rest);
}

Bytes deflated(const Bytes& bytes) {
  uLongf size = compressBound(bytes.size());
  Bytes out(size);
  compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), 9);
  out.resize(size);
  return out;
}

Bytes png(std::uint32_t width, std::uint32_t height, unsigned depth, unsigned color, const Bytes& rows,
          const Bytes& before) {
  return png_header(width, height, depth, color) + before + png_chunk("IDAT", deflated(rows)) + png_chunk("IEND", {});
}

Bytes png(const image::Image& image, const Bytes& before) {
  Bytes rows;
  for (int y = 0; y < image.height; ++y) {
    rows.push_back(std::byte{0});
    const auto row = std::as_bytes(std::span(image.row(y), image.stride()));
    rows.insert(rows.end(), row.begin(), row.end());
  }
  return png(static_cast<std::uint32_t>(image.width), static_cast<std::uint32_t>(image.height), 8, 2, rows, before);
}

Bytes jpeg_segment(unsigned marker, const Bytes& content) {
  return Bytes{std::byte{0xFF}, std::byte(marker)} + be16(static_cast<std::uint32_t>(content.size()) + 2) + content;
}

Bytes with_segment(const Bytes& jpeg, const Bytes& segment) {
  return cut(jpeg, 2) + segment + Bytes(jpeg.begin() + 2, jpeg.end());
}

Bytes jpeg_of_scans(int width, int height, int scans) {
  // Quantisation all 1; one Huffman code (a single 0 bit) in both tables: no difference, and end of block.
  Bytes table(64, std::byte{1});
  Bytes codes(17, std::byte{0});
  codes[0] = std::byte{1};
  Bytes file{std::byte{0xFF}, std::byte{0xD8}};
  file += jpeg_segment(0xDB, Bytes{std::byte{0}} + table);
  file += jpeg_segment(0xC2, Bytes{std::byte{8}} + be16(static_cast<std::uint32_t>(height)) +
                                 be16(static_cast<std::uint32_t>(width)) +
                                 Bytes{std::byte{1}, std::byte{1}, std::byte{0x11}, std::byte{0}});
  file += jpeg_segment(0xC4, Bytes{std::byte{0x00}} + codes) + jpeg_segment(0xC4, Bytes{std::byte{0x10}} + codes);
  const int blocks = ((width + 7) / 8) * ((height + 7) / 8);
  const Bytes zeros(static_cast<std::size_t>(blocks + 7) / 8, std::byte{0});
  for (int i = 0; i < scans; ++i) {
    const int coefficient = i == 0 ? 0 : 1 + (i - 1) % 63;
    file += jpeg_segment(0xDA, Bytes{std::byte{1}, std::byte{1}, std::byte{0}, std::byte(coefficient),
                                     std::byte(coefficient), std::byte{0}});
    file += zeros;
  }
  return file + Bytes{std::byte{0xFF}, std::byte{0xD9}};
}

Bytes riff_chunk(std::string_view name, const Bytes& content) {
  Bytes out = bytes_of(name) + le32(static_cast<std::uint32_t>(content.size())) + content;
  if (content.size() % 2 != 0) out.push_back(std::byte{0});
  return out;
}

Bytes webp(const Bytes& chunks) {
  return bytes_of("RIFF") + le32(static_cast<std::uint32_t>(chunks.size()) + 4) + bytes_of("WEBP") + chunks;
}

Bytes vp8l_chunk(const image::Image& image) {
  std::uint8_t* encoded = nullptr;
  const std::size_t size =
      WebPEncodeLosslessRGB(image.pixels.data(), image.width, image.height, static_cast<int>(image.stride()), &encoded);
  const auto file = std::as_bytes(std::span(encoded, size));
  Bytes chunk(file.begin() + 12, file.end());
  WebPFree(encoded);
  return chunk;
}

Bytes Bmp::file() const {
  const auto offset = static_cast<std::uint32_t>(54 + between.size());
  const Bytes info = le32(40) + le32(static_cast<std::uint32_t>(width)) + le32(static_cast<std::uint32_t>(height)) +
                     le16(1) + le16(bits) + le32(compression) + le32(static_cast<std::uint32_t>(pixels.size())) +
                     le32(0) + le32(0) + le32(colors) + le32(0);
  return bytes_of("BM") + le32(offset + static_cast<std::uint32_t>(pixels.size())) + le32(0) + le32(offset) + info +
         between + pixels;
}

}  // namespace vitral::test
