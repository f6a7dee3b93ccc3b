#include "text/utf8.h"

#include <cstdio>

#include "common/core/error.h"

namespace vitral::text {
namespace {

struct Lead {
  int more;        // bytes that follow
  char32_t bits;   // of the first byte
  char32_t least;  // smaller values have a shorter form
};

/// What the first byte says; more = -1: it begins nothing.
Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {0, byte, 0};
  if (byte >= 0xC2 && byte < 0xE0) return {1, byte & 0x1FU, 0x80};
  if (byte >= 0xE0 && byte < 0xF0) return {2, byte & 0x0FU, 0x800};
  if (byte >= 0xF0 && byte < 0xF5) return {3, byte & 0x07U, 0x10000};
  return {-1, 0, 0};
}

bool is_surrogate(char32_t point) {
  return point >= 0xD800 && point < 0xE000;
}

}  // namespace

std::u32string decode_utf8(std::string_view bytes, std::string_view subject) {
  std::u32string points;
  points.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size();) {
    const auto [more, bits, least] = lead_of(static_cast<unsigned char>(bytes[i]));
    char32_t point = bits;
    std::size_t at = i + 1;
    bool good = more >= 0;
    for (int k = 0; good && k < more; ++k, ++at) {
      good = at < bytes.size() && (static_cast<unsigned char>(bytes[at]) & 0xC0) == 0x80;
      if (good) point = point << 6 | (static_cast<unsigned char>(bytes[at]) & 0x3FU);
    }
    if (!good || point < least || point > 0x10FFFF || is_surrogate(point)) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "0x%02X", static_cast<unsigned char>(bytes[i]));
      throw Error(ErrorKind::input, subject, "byte " + std::to_string(i) + " (" + hex + ") is no UTF-8");
    }
    points.push_back(point);
    i = at;
  }
  return points;
}

std::string encode_utf8(std::u32string_view points) {
  std::string bytes;
  for (char32_t point : points) {
    if (is_surrogate(point) || point > 0x10FFFF) point = 0xFFFD;
    const auto tail = [&](int shift) { bytes.push_back(static_cast<char>(0x80 | ((point >> shift) & 0x3F))); };
    if (point < 0x80) {
      bytes.push_back(static_cast<char>(point));
    } else if (point < 0x800) {
      bytes.push_back(static_cast<char>(0xC0 | (point >> 6)));
      tail(0);
    } else if (point < 0x10000) {
      bytes.push_back(static_cast<char>(0xE0 | (point >> 12)));
      tail(6);
      tail(0);
    } else {
      bytes.push_back(static_cast<char>(0xF0 | (point >> 18)));
      tail(12);
      tail(6);
      tail(0);
    }
  }
  return bytes;
}

}  // namespace vitral::text
