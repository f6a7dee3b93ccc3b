// PNM: P1 to P6 of the Netpbm manual (pbm(5), pgm(5), ppm(5)), plain and raw, up to 16 bits.
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "common/image/codec.h"

namespace vitral::image {
namespace {

bool is_space(std::uint8_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/// White space, comments and decimal numbers.
class Scanner {
 public:
  Scanner(const Source& source, std::size_t position) : source_(source), position_(position) {}

  std::size_t position() const { return position_; }

  /// The next byte that is no white space and no comment, not consumed; nothing at the end.
  std::optional<std::uint8_t> peek() {
    while (position_ < source_.bytes.size()) {
      const std::uint8_t c = source_.bytes.u8(position_);
      if (c == '#') {
        while (position_ < source_.bytes.size() && !is_line_end(source_.bytes.u8(position_))) ++position_;
      } else if (is_space(c)) {
        ++position_;
      } else {
        return c;
      }
    }
    return std::nullopt;
  }

  void skip(std::size_t count) { position_ += count; }

  /// A number up to `largest`. Fails at anything else.
  std::uint32_t number(std::uint32_t largest, std::string_view what) {
    if (!peek()) source_.fail("is cut short: the PNM file ends before its " + std::string(what));
    std::uint64_t value = 0;
    const std::size_t begin = position_;
    for (; position_ < source_.bytes.size(); ++position_) {
      const std::uint8_t c = source_.bytes.u8(position_);
      if (c < '0' || c > '9' || position_ - begin == 10) break;
      value = value * 10 + (c - '0');
    }
    const std::uint8_t next = source_.bytes.u8(position_);
    const bool ends = position_ == source_.bytes.size() || is_space(next) || next == '#';
    if (position_ == begin || !ends || value > largest) {
      source_.fail("is a broken PNM file: its " + std::string(what) + " is no number up to " + std::to_string(largest));
    }
    return static_cast<std::uint32_t>(value);
  }

 private:
  static bool is_line_end(std::uint8_t c) { return c == '\n' || c == '\r'; }

  const Source& source_;
  std::size_t position_;
};

struct Layout {
  bool plain;    ///< numbers as text
  int channels;  ///< 1 or 3
  std::uint32_t maxval;
  std::size_t data;  ///< where the samples begin
};

Layout read_layout(const Source& source, Header& header) {
  const int kind = source.bytes.u8(1) - '0';
  Scanner scanner(source, 2);
  header.format = Format::pnm;
  header.width = checked_side(source, scanner.number(0x7FFFFFFF, "width"), "width");
  header.height = checked_side(source, scanner.number(0x7FFFFFFF, "height"), "height");
  const bool bits = kind == 1 || kind == 4;
  const std::uint32_t maxval = bits ? 1 : scanner.number(65535, "largest value");
  if (maxval == 0) source.fail("is a broken PNM file: its largest value is 0");
  header.channels = kind == 3 || kind == 6 ? Channels::rgb : Channels::grey;
  header.bit_depth = bits ? 1 : maxval > 255 ? 16 : 8;
  // Exactly one white space character ends the header of the raw kinds.
  return {kind <= 3, header.channels == Channels::rgb ? 3 : 1, maxval, scanner.position() + (kind > 3 ? 1 : 0)};
}

/// Sample -> grey level, rounded half to even. Of 16-bit grey the high byte is taken, as in every other format.
std::vector<std::uint8_t> level_table(const Layout& layout) {
  const double scale = layout.channels == 1 && layout.maxval > 255 ? 65535.0 : 255.0;
  std::vector<std::uint8_t> levels(layout.maxval + 1);
  for (std::uint32_t v = 0; v <= layout.maxval; ++v) {
    const auto scaled = static_cast<std::uint32_t>(std::nearbyint(static_cast<double>(v) / layout.maxval * scale));
    levels[v] = static_cast<std::uint8_t>(scale > 255 ? scaled >> 8 : scaled);
  }
  return levels;
}

[[noreturn]] void fail_short(const Source& source) {
  source.fail("is cut short: the PNM file ends before its pixels do");
}

/// Fills a picture with samples: each makes a pixel (grey) or a third of one.
class Writer {
 public:
  Writer(Image& image, const Layout& layout) : to_(image.pixels.data()), copies_(layout.channels == 1 ? 3 : 1) {}
  void put(std::uint8_t level) {
    for (int i = 0; i < copies_; ++i) *to_++ = level;
  }

 private:
  std::uint8_t* to_;
  int copies_;
};

std::uint64_t sample_count(const Layout& layout, const Image& image) {
  return image.pixels.size() / 3 * static_cast<std::uint64_t>(layout.channels);
}

constexpr std::uint8_t level_of_bit(bool black) {
  return black ? 0 : 255;
}

/// Raw bits: 1 is black, rows begin at a byte.
void read_bits(const Source& source, const Layout& layout, Image& image) {
  const std::uint64_t row_bytes = (static_cast<std::uint64_t>(image.width) + 7) / 8;
  if (!source.bytes.has(layout.data, row_bytes * static_cast<std::uint64_t>(image.height))) fail_short(source);
  Writer writer(image, layout);
  const std::uint8_t* bits = source.bytes.data() + layout.data;
  for (int y = 0; y < image.height; ++y, bits += row_bytes) {
    for (int x = 0; x < image.width; ++x) writer.put(level_of_bit((bits[x / 8] >> (7 - x % 8) & 1) != 0));
  }
}

void read_raw(const Source& source, const Layout& layout, Image& image) {
  const std::uint64_t sample_bytes = layout.maxval > 255 ? 2 : 1;
  const std::uint64_t samples = sample_count(layout, image);
  if (!source.bytes.has(layout.data, samples * sample_bytes)) fail_short(source);
  const auto levels = level_table(layout);
  Writer writer(image, layout);
  const std::uint8_t* from = source.bytes.data() + layout.data;
  for (std::uint64_t i = 0; i < samples; ++i, from += sample_bytes) {
    const std::uint32_t v = sample_bytes == 2 ? static_cast<std::uint32_t>(from[0] << 8 | from[1]) : from[0];
    writer.put(levels[std::min(v, layout.maxval)]);
  }
}

void read_plain(const Source& source, const Layout& layout, Image& image) {
  const std::uint64_t samples = sample_count(layout, image);
  // A sample takes a byte at least: a size that can't be true is refused before memory is touched.
  if (samples > source.bytes.size()) fail_short(source);
  const bool bits = source.bytes.u8(1) == '1';
  const auto levels = level_table(layout);
  Writer writer(image, layout);
  Scanner scanner(source, layout.data);
  for (std::uint64_t i = 0; i < samples; ++i) {
    const auto digit = scanner.peek();
    if (!digit) fail_short(source);
    if (!bits) {
      writer.put(levels[scanner.number(layout.maxval, "sample")]);
    } else if (*digit == '0' || *digit == '1') {  // bits need no space between them
      writer.put(level_of_bit(*digit == '1'));
      scanner.skip(1);
    } else {
      source.fail("is a broken PNM file: a pixel is neither 0 nor 1");
    }
  }
}

}  // namespace

Header pnm_header(const Source& source) {
  Header header;
  read_layout(source, header);
  return header;
}

Image pnm_decode(const Source& source, const Header& header) {
  Header same;
  const Layout layout = read_layout(source, same);
  Image image = Image::uninitialized(header.width, header.height);
  if (layout.plain) {
    read_plain(source, layout, image);
  } else if (source.bytes.u8(1) == '4') {
    read_bits(source, layout, image);
  } else {
    read_raw(source, layout, image);
  }
  return image;
}

}  // namespace vitral::image
