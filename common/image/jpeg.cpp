// JPEG through libjpeg(-turbo), with the arithmetic that Pillow uses too: exact integer transform, smooth upsampling.
#include <array>
#include <chrono>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

// libjpeg's headers need those of stdio, and the second the first.
// clang-format off
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include "common/image/codec.h"
#include "common/image/orientation.h"

namespace vitral::image {
namespace {

enum Marker : unsigned {
  kSof0 = 0xC0,
  kHuffmanTable = 0xC4,
  kExtension = 0xC8,
  kArithmetic = 0xCC,
  kSof15 = 0xCF,
  kRestart0 = 0xD0,
  kRestart7 = 0xD7,
  kStart = 0xD8,
  kEnd = 0xD9,
  kScan = 0xDA,
  kApp1 = 0xE1
};

struct Segments {
  unsigned frame_kind = 0;  ///< the SOF marker; 0: none seen
  ByteView frame;
  std::uint64_t scans = 0;
  bool ended = false;       ///< the end marker was seen
  int exif = -1, xmp = -1;  ///< orientations as stated
};

bool is_frame(unsigned marker) {
  return marker >= kSof0 && marker <= kSof15 && marker != kHuffmanTable && marker != kExtension &&
         marker != kArithmetic;
}

/// Where the next marker's second byte lies at or after `at`: behind an FF, neither stuffing (00), fill (FF) nor a
/// restart.
std::uint64_t find_marker(ByteView bytes, std::uint64_t at) {
  while (at + 1 < bytes.size()) {
    const void* hit = std::memchr(bytes.data() + at, 0xFF, bytes.size() - 1 - at);
    if (hit == nullptr) break;
    at = static_cast<std::uint64_t>(static_cast<const std::uint8_t*>(hit) - bytes.data()) + 1;
    const unsigned code = bytes.u8(at);
    if (code > 1 && code != 0xFF && !(code >= kRestart0 && code <= kRestart7)) return at;
  }
  return bytes.size();
}

void note_application_data(ByteView payload, Segments& segments) {
  constexpr std::string_view kExif("Exif\0\0", 6), kXmp("http://ns.adobe.com/xap/1.0/\0", 29);
  if (payload.starts_with(kExif) && segments.exif < 0) segments.exif = exif_orientation(payload);
  if (payload.starts_with(kXmp) && segments.xmp < 0) segments.xmp = xmp_orientation(payload.slice(kXmp.size()));
}

Segments walk_segments(ByteView bytes) {
  Segments segments;
  for (std::uint64_t at = find_marker(bytes, 2); at < bytes.size();) {
    const unsigned marker = bytes.u8(at);
    if (marker == kEnd) {
      segments.ended = true;
      break;
    }
    if (marker == kStart) {  // stands alone like the end
      at = find_marker(bytes, at + 1);
      continue;
    }
    const std::uint64_t length = bytes.be16(at + 1);
    const ByteView payload = bytes.slice(at + 3, length >= 2 ? length - 2 : 0);
    if (is_frame(marker) && segments.frame_kind == 0) {
      segments.frame_kind = marker;
      segments.frame = payload;
    } else if (marker == kScan) {
      ++segments.scans;
    } else if (marker == kApp1 && segments.scans == 0) {
      note_application_data(payload, segments);
    }
    at = find_marker(bytes, at + 1 + std::max<std::uint64_t>(length, 2));
  }
  return segments;
}

void check_segments(const Source& source, const Segments& segments) {
  const unsigned kind = segments.frame_kind;
  if (kind == 0 || segments.scans == 0 || !segments.ended)
    source.fail("is cut short: the JPEG file ends before its pixels do");
  if (kind == 0xC3 || kind == 0xC7 || kind == 0xCB || kind == kSof15)
    source.fail("is a lossless JPEG, which is not read");
  if (kind == 0xC5 || kind == 0xC6 || kind == 0xCD || kind == 0xCE)
    source.fail("is a hierarchical JPEG, which is not read");
  const unsigned precision = segments.frame.u8(0);
  if (precision != 8) source.fail("is a JPEG of " + std::to_string(precision) + " bits a sample, only 8 are read");
  // Every scan costs a pass over all pixels; photographs have up to a dozen.
  if (segments.scans > source.limits.jpeg_scans) {
    source.fail("is a JPEG of " + std::to_string(segments.scans) + " scans, the limit is " +
                std::to_string(source.limits.jpeg_scans));
  }
}

Channels channels_of(const Source& source, unsigned components) {
  if (components == 1) return Channels::grey;
  if (components == 3) return Channels::rgb;
  if (components == 4) return Channels::cmyk;
  source.fail("is a JPEG of " + std::to_string(components) + " channels, expected 1, 3 or 4");
}

using Clock = std::chrono::steady_clock;

/// What libjpeg calls back into. It jumps over frames on errors, so none of them may own anything.
struct Session {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_source_mgr bytes{};
  jpeg_progress_mgr progress{};
  std::jmp_buf escape{};
  std::array<char, JMSG_LENGTH_MAX> message{};
  Clock::time_point deadline;

  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { jpeg_destroy_decompress(&info); }
};

Session& session_of(j_common_ptr info) {
  return *static_cast<Session*>(info->client_data);
}

[[noreturn]] void give_up(j_common_ptr info, const char* message) {
  Session& session = session_of(info);
  std::snprintf(session.message.data(), session.message.size(), "%s", message);
  std::longjmp(session.escape, 1);
}

[[noreturn]] void on_error(j_common_ptr info) {
  std::array<char, JMSG_LENGTH_MAX> message{};
  info->err->format_message(info, message.data());
  give_up(info, message.data());
}

/// libjpeg fills in what is missing and goes on; here lost pixels are errors. Other oddities of writers are not.
void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
      on_error(info);
    default:
      return;
  }
}

boolean on_end_of_bytes(j_decompress_ptr info) {
  give_up(reinterpret_cast<j_common_ptr>(info), "the data end too early");
}

void on_skip(j_decompress_ptr info, long count) {
  if (count <= 0) return;
  if (static_cast<unsigned long>(count) > info->src->bytes_in_buffer) on_end_of_bytes(info);
  info->src->next_input_byte += count;
  info->src->bytes_in_buffer -= static_cast<std::size_t>(count);
}

void on_progress(j_common_ptr info) {
  if (Clock::now() > session_of(info).deadline) give_up(info, "it takes too long");
}

void connect(Session& session, const Source& source) {
  jpeg_std_error(&session.errors);
  session.errors.error_exit = on_error;
  session.errors.emit_message = on_message;
  session.info.err = &session.errors;
  session.info.client_data = &session;
  session.bytes.init_source = [](j_decompress_ptr) {};
  session.bytes.term_source = [](j_decompress_ptr) {};
  session.bytes.fill_input_buffer = on_end_of_bytes;
  session.bytes.skip_input_data = on_skip;
  session.bytes.resync_to_restart = jpeg_resync_to_restart;
  session.bytes.next_input_byte = source.bytes.data();
  session.bytes.bytes_in_buffer = source.bytes.size();
  session.progress.progress_monitor = on_progress;
  session.deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                        std::chrono::duration<double>(source.limits.decode_seconds));
}

/// Pillow's conversion of what Adobe's programs write, inverted inks: c * k / 255, rounded to nearest.
void cmyk_to_rgb(const std::uint8_t* cmyk, std::uint8_t* rgb, int width) {
  for (int x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    for (int c = 0; c < 3; ++c) rgb[c] = static_cast<std::uint8_t>((cmyk[c] * cmyk[3] + 127) / 255);
  }
}

/// False where libjpeg gave up; session.message says why. `cmyk_row` is room for one row where that is needed.
bool read_pixels(Session& session, Image& image, bool cmyk, std::uint8_t* cmyk_row) {
  jpeg_decompress_struct& info = session.info;
  if (setjmp(session.escape) != 0) return false;
  jpeg_create_decompress(&info);
  info.src = &session.bytes;
  jpeg_read_header(&info, TRUE);
  info.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
  info.progress = &session.progress;
  jpeg_start_decompress(&info);
  if (info.output_width != static_cast<unsigned>(image.width) ||
      info.output_height != static_cast<unsigned>(image.height)) {
    give_up(reinterpret_cast<j_common_ptr>(&info), "its header contradicts itself");
  }
  while (info.output_scanline < info.output_height) {
    std::array<JSAMPROW, 16> rows{};
    const int y = static_cast<int>(info.output_scanline);
    if (cmyk) {
      jpeg_read_scanlines(&info, &cmyk_row, 1);
      cmyk_to_rgb(cmyk_row, image.row(y), image.width);
      continue;
    }
    const int count = std::min(static_cast<int>(rows.size()), image.height - y);
    for (int i = 0; i < count; ++i) rows[static_cast<std::size_t>(i)] = image.row(y + i);
    jpeg_read_scanlines(&info, rows.data(), static_cast<JDIMENSION>(count));
  }
  return true;
}

}  // namespace

Header jpeg_header(const Source& source) {
  const Segments segments = walk_segments(source.bytes);
  check_segments(source, segments);
  Header header;
  header.format = Format::jpeg;
  header.height = checked_side(source, segments.frame.be16(1), "height");
  header.width = checked_side(source, segments.frame.be16(3), "width");
  header.channels = channels_of(source, segments.frame.u8(5));
  header.orientation = choose_orientation(segments.exif, segments.xmp);
  return header;
}

Image jpeg_decode(const Source& source, const Header& header) {
  Image image = Image::uninitialized(header.width, header.height);
  const bool cmyk = header.channels == Channels::cmyk;
  std::vector<std::uint8_t> cmyk_row(cmyk ? static_cast<std::size_t>(header.width) * 4 : 0);
  Session session;
  connect(session, source);
  if (!read_pixels(session, image, cmyk, cmyk_row.data())) {
    source.fail("is a JPEG file that is damaged or cut short (" + printable(session.message.data()) + ")");
  }
  return image;
}

}  // namespace vitral::image
