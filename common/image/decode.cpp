#include "common/image/decode.h"

#include <string>

#include "common/core/file.h"
#include "common/image/codec.h"
#include "common/image/orientation.h"

namespace vitral::image {
namespace {

Image decode_as_stored(const Source& source, const Header& header) {
  switch (header.format) {
    case Format::jpeg:
      return jpeg_decode(source, header);
    case Format::png:
      return png_decode(source, header);
    case Format::bmp:
      return bmp_decode(source, header);
    case Format::webp:
      return webp_decode(source, header);
    case Format::pnm:
      break;
  }
  return pnm_decode(source, header);
}

}  // namespace

Image Image::uninitialized(int width, int height) {
  Image image{width, height, {}};
  image.pixels.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  return image;
}

Image decode(std::span<const std::byte> bytes, std::string_view name, const Limits& limits) {
  const Header header = sniff(bytes, name, limits);
  return upright(decode_as_stored({ByteView(bytes), name, limits}, header), header.orientation);
}

Image read_image(const std::filesystem::path& path, const Limits& limits) {
  const std::string bytes = read_file(path, ErrorKind::input, limits.image_bytes);
  return decode(std::as_bytes(std::span(bytes)), path.string(), limits);
}

}  // namespace vitral::image
