// WebP through libwebp; the RIFF chunks around it (extended format, EXIF, XMP, animation) are walked here.
#include <webp/decode.h>

#include <cstring>
#include <string>

#include "common/image/codec.h"
#include "common/image/orientation.h"

namespace vitral::image {
namespace {

constexpr std::uint64_t kChunkHeader = 8;
constexpr std::uint64_t kFrameHeader = 16;  ///< position, size, duration, flags of an animation's frame

struct Container {
  ByteView riff;          ///< the whole file, without what follows its RIFF chunk
  bool has_exif = false;  ///< flags of the extended format; records that it does not announce do not count
  bool has_xmp = false;
  ByteView exif, xmp;
  ByteView first_frame;  ///< of an animation
};

[[noreturn]] void fail_short(const Source& source) {
  source.fail("is cut short: the WebP file ends before its pixels do");
}

Container open_container(const Source& source) {
  Container container;
  const std::uint64_t stated = std::uint64_t{source.bytes.le32(4)} + kChunkHeader;
  if (!source.bytes.has(0, stated)) fail_short(source);
  container.riff = source.bytes.slice(0, stated);
  for (std::uint64_t at = 12; container.riff.has(at, kChunkHeader);) {
    const std::string_view id = container.riff.slice(at, 4).text();
    const std::uint64_t size = container.riff.le32(at + 4);
    const ByteView payload = container.riff.slice(at + kChunkHeader, size);
    if (payload.size() < size) fail_short(source);
    if (id == "VP8X") {
      container.has_exif = (payload.u8(0) & 0x08) != 0;
      container.has_xmp = (payload.u8(0) & 0x04) != 0;
    } else if (id == "EXIF" && container.exif.size() == 0) {
      container.exif = payload;
    } else if (id == "XMP " && container.xmp.size() == 0) {
      container.xmp = payload;
    } else if (id == "ANMF" && container.first_frame.size() == 0) {
      container.first_frame = payload;
    }
    at += kChunkHeader + size + size % 2;
  }
  return container;
}

WebPBitstreamFeatures features_of(const Source& source, ByteView data) {
  WebPBitstreamFeatures features;
  const VP8StatusCode status = WebPGetFeatures(data.data(), data.size(), &features);
  if (status == VP8_STATUS_NOT_ENOUGH_DATA) fail_short(source);
  if (status != VP8_STATUS_OK) source.fail("is a broken WebP file");
  return features;
}

void decode_into(const Source& source, ByteView data, Image& image, int left, int top) {
  std::uint8_t* to = image.row(top) + static_cast<std::size_t>(left) * 3;
  const auto room = static_cast<std::size_t>(image.pixels.data() + image.pixels.size() - to);
  if (WebPDecodeRGBInto(data.data(), data.size(), to, room, static_cast<int>(image.stride())) == nullptr) {
    source.fail("is a WebP file that is damaged or cut short");
  }
}

}  // namespace

Header webp_header(const Source& source) {
  const Container container = open_container(source);
  const WebPBitstreamFeatures features = features_of(source, container.riff);
  Header header;
  header.format = Format::webp;
  header.width = checked_side(source, static_cast<std::uint64_t>(features.width), "width");
  header.height = checked_side(source, static_cast<std::uint64_t>(features.height), "height");
  header.channels = features.has_alpha != 0 ? Channels::rgba : Channels::rgb;
  header.animated = features.has_animation != 0;
  header.orientation = choose_orientation(container.has_exif ? exif_orientation(container.exif) : -1,
                                          container.has_xmp ? xmp_orientation(container.xmp) : -1);
  return header;
}

Image webp_decode(const Source& source, const Header& header) {
  const Container container = open_container(source);
  Image image = Image::uninitialized(header.width, header.height);
  if (!header.animated) {
    decode_into(source, container.riff, image, 0, 0);
    return image;
  }
  // The first frame on an empty canvas.
  const ByteView frame = container.first_frame;
  const std::uint64_t left = std::uint64_t{frame.le24(0)} * 2, top = std::uint64_t{frame.le24(3)} * 2;
  const ByteView data = frame.slice(kFrameHeader);
  const WebPBitstreamFeatures features = features_of(source, data);
  if (left + static_cast<std::uint64_t>(features.width) > static_cast<std::uint64_t>(header.width) ||
      top + static_cast<std::uint64_t>(features.height) > static_cast<std::uint64_t>(header.height)) {
    source.fail("is a broken WebP animation: its first frame does not fit on the canvas");
  }
  std::memset(image.pixels.data(), 0, image.pixels.size());
  decode_into(source, data, image, static_cast<int>(left), static_cast<int>(top));
  return image;
}

}  // namespace vitral::image
