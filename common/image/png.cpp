// PNG through libpng, which is given the chunks that make pixels and nothing else.
#include <png.h>

#include <array>
#include <csetjmp>
#include <string>
#include <vector>

#include "common/image/codec.h"
#include "common/image/orientation.h"

namespace vitral::image {
namespace {

constexpr std::uint64_t kSignature = 8;
constexpr std::uint64_t kChunkExtra = 12;         ///< length, type and checksum of a chunk
constexpr std::uint64_t kDeflateLargest = 1'032;  ///< no deflate stream unpacks to more than this many times its size

struct Chunks {
  ByteView header;              ///< IHDR's contents
  std::vector<ByteView> parts;  ///< signature, IHDR, PLTE and every IDAT, whole
  std::uint64_t packed = 0;     ///< bytes of all IDAT contents
  int exif = -1, xmp = -1;      ///< orientations as stated
};

[[noreturn]] void fail_short(const Source& source) {
  source.fail("is cut short: the PNG file ends before its pixels do");
}

/// The orientation in an iTXt chunk that holds an uncompressed XMP packet, else -1.
int text_orientation(ByteView chunk) {
  constexpr std::string_view kStart("XML:com.adobe.xmp\0\0\0", 20);
  return chunk.starts_with(kStart) ? xmp_orientation(chunk.slice(kStart.size())) : -1;
}

Chunks walk_chunks(const Source& source) {
  Chunks chunks;
  chunks.parts.push_back(source.bytes.slice(0, kSignature));
  std::uint64_t at = kSignature;
  for (bool done = false; !done;) {
    const std::uint64_t size = source.bytes.be32(at);
    const ByteView type = source.bytes.slice(at + 4, 4);
    const ByteView contents = source.bytes.slice(at + 8, size);
    if (!source.bytes.has(at, size + kChunkExtra)) {
      // What is cut behind the pixels is no loss. Whether all of them are there libpng will tell.
      if (chunks.packed == 0 || type.text() == "IDAT") fail_short(source);
      break;
    }
    const ByteView whole = source.bytes.slice(at, size + kChunkExtra);
    const std::string_view name = type.text();
    if (name == "IHDR" && chunks.header.size() == 0) {
      chunks.header = contents;
      chunks.parts.push_back(whole);
    } else if (name == "PLTE" && chunks.packed == 0) {
      chunks.parts.push_back(whole);
    } else if (name == "IDAT") {
      chunks.packed += size;
      chunks.parts.push_back(whole);
    } else if (name == "IEND") {
      done = true;
    } else if (name == "eXIf") {
      chunks.exif = exif_orientation(contents);
    } else if (name == "iTXt" && chunks.xmp < 0) {
      chunks.xmp = text_orientation(contents);
    } else if ((type.u8(0) & 0x20) == 0) {
      source.fail("is a PNG file with the unknown or misplaced chunk \"" + printable(name) +
                  "\", without which it can't be read");
    }
    at += size + kChunkExtra;
  }
  if (chunks.header.size() != 13) source.fail("is a broken PNG file: it has no header");
  if (chunks.packed == 0) fail_short(source);
  return chunks;
}

struct Kind {
  Channels channels;
  std::uint64_t samples;  ///< of a pixel
};

Kind kind_of(const Source& source, unsigned color_type) {
  switch (color_type) {
    case PNG_COLOR_TYPE_GRAY:
      return {Channels::grey, 1};
    case PNG_COLOR_TYPE_RGB:
      return {Channels::rgb, 3};
    case PNG_COLOR_TYPE_PALETTE:
      return {Channels::palette, 1};
    case PNG_COLOR_TYPE_GRAY_ALPHA:
      return {Channels::grey_alpha, 2};
    case PNG_COLOR_TYPE_RGB_ALPHA:
      return {Channels::rgba, 4};
    default:
      source.fail("is a broken PNG file: there is no colour type " + std::to_string(color_type));
  }
}

/// A size that so few bytes can't fill is refused before memory is taken for it.
void check_packed_size(const Source& source, const Header& header, const Chunks& chunks) {
  const std::uint64_t samples = static_cast<std::uint64_t>(header.width) * kind_of(source, chunks.header.u8(9)).samples;
  const std::uint64_t unpacked =
      samples * static_cast<unsigned>(header.bit_depth) / 8 * static_cast<unsigned>(header.height);
  if (unpacked / kDeflateLargest > chunks.packed) fail_short(source);
}

/// What libpng calls back into. It jumps over frames on errors, so none of them may own anything.
struct Session {
  const std::vector<ByteView>* parts = nullptr;
  std::size_t part = 0;
  std::uint64_t offset = 0;
  std::array<char, 128> message{};
  png_structp png = nullptr;
  png_infop info = nullptr;

  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { png_destroy_read_struct(&png, &info, nullptr); }
};

void on_read(png_structp png, png_bytep to, std::size_t count) {
  auto& session = *static_cast<Session*>(png_get_io_ptr(png));
  while (count > 0) {
    if (session.part == session.parts->size()) png_error(png, "the data end too early");
    const ByteView rest = (*session.parts)[session.part].slice(session.offset, count);
    std::copy_n(rest.data(), rest.size(), to);
    to += rest.size();
    count -= rest.size();
    session.offset += rest.size();
    if (session.offset == (*session.parts)[session.part].size()) ++session.part, session.offset = 0;
  }
}

void on_error(png_structp png, png_const_charp message) {
  auto& session = *static_cast<Session*>(png_get_error_ptr(png));
  const std::string_view text(message);
  text.copy(session.message.data(), session.message.size() - 1);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

/// False where libpng gave up; session.message says why.
bool read_pixels(Session& session, Image& image) {
  png_structp png = session.png;
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_read_fn(png, &session, on_read);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // ours were checked
  png_read_info(png, session.info);
  png_set_expand(png);
  png_set_strip_16(png);
  png_set_strip_alpha(png);
  png_set_gray_to_rgb(png);
  const int passes = png_set_interlace_handling(png);
  png_read_update_info(png, session.info);
  if (png_get_rowbytes(png, session.info) != image.stride()) png_error(png, "the rows have an unexpected size");
  for (int pass = 0; pass < passes; ++pass) {
    for (int y = 0; y < image.height; ++y) png_read_row(png, image.row(y), nullptr);
  }
  return true;
}

}  // namespace

Header png_header(const Source& source) {
  const Chunks chunks = walk_chunks(source);
  const Kind kind = kind_of(source, chunks.header.u8(9));
  Header header;
  header.format = Format::png;
  header.width = checked_side(source, chunks.header.be32(0), "width");
  header.height = checked_side(source, chunks.header.be32(4), "height");
  header.bit_depth = chunks.header.u8(8);
  header.channels = kind.channels;
  header.orientation = choose_orientation(chunks.exif, chunks.xmp);
  return header;
}

Image png_decode(const Source& source, const Header& header) {
  // An end of our own stands behind the pixels: the file's may be cut off.
  static constexpr unsigned char kEnd[] = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xAE, 0x42, 0x60, 0x82};
  Chunks chunks = walk_chunks(source);
  check_packed_size(source, header, chunks);
  chunks.parts.emplace_back(std::as_bytes(std::span(kEnd)));
  Image image = Image::uninitialized(header.width, header.height);
  Session session;
  session.parts = &chunks.parts;
  session.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &session, on_error, on_warning);
  if (session.png != nullptr) session.info = png_create_info_struct(session.png);
  if (session.info == nullptr) throw Error(ErrorKind::failed, printable(source.name), "no memory to read a PNG file");
  if (!read_pixels(session, image)) {
    source.fail("is a PNG file that is damaged or cut short (" + printable(session.message.data()) + ")");
  }
  return image;
}

}  // namespace vitral::image
