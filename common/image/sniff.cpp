#include "common/image/sniff.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <optional>
#include <string>

#include "common/core/checked.h"
#include "common/image/codec.h"

namespace vitral::image {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view name;
  std::size_t offset;
  std::string_view bytes;
};

// The first line that fits names the file. Only formats with a magic worth the name are listed.
constexpr Magic kMagics[] = {
    {"JPEG", 0, "\xFF\xD8\xFF"sv},
    {"PNG", 0, "\x89PNG\r\n\x1A\n"sv},
    {"TIFF", 0, "II*\0"sv},
    {"TIFF", 0, "MM\0*"sv},
    {"BigTIFF", 0, "II+\0"sv},
    {"BigTIFF", 0, "MM\0+"sv},
    {"Canon CR2", 0, "II\x1A\0\0\0HEAPCCDR"sv},
    {"Panasonic RAW", 0, "IIU\0"sv},
    {"JPEG XR", 0, "II\xBC"sv},
    {"GIF", 0, "GIF87a"sv},
    {"GIF", 0, "GIF89a"sv},
    {"Radiance HDR", 0, "#?RADIANCE"sv},
    {"Radiance HDR", 0, "#?RGBE"sv},
    {"OpenEXR", 0, "\x76\x2F\x31\x01"sv},
    {"PDF", 0, "%PDF"sv},
    {"PostScript", 0, "%!PS"sv},
    {"AVIF", 4, "ftypavif"sv},
    {"AVIF", 4, "ftypavis"sv},
    {"HEIF", 4, "ftyphei"sv},
    {"HEIF", 4, "ftyphev"sv},
    {"HEIF", 4, "ftypmif1"sv},
    {"HEIF", 4, "ftypmsf1"sv},
    {"Canon CR3", 4, "ftypcrx "sv},
    {"JPEG XL", 0, "\0\0\0\x0CJXL \r\n\x87\n"sv},
    {"JPEG XL", 0, "\xFF\x0A"sv},
    {"JPEG 2000", 0, "\0\0\0\x0CjP  \r\n\x87\n"sv},
    {"JPEG 2000", 0, "\xFF\x4F\xFF\x51"sv},
    {"DICOM", 128, "DICM"sv},
    {"Photoshop", 0, "8BPS"sv},
    {"XCF", 0, "gimp xcf"sv},
    {"Windows icon", 0, "\0\0\x01\0"sv},
    {"Windows cursor", 0, "\0\0\x02\0"sv},
    {"Apple icon", 0, "icns"sv},
    {"MNG", 0, "\x8AMNG\r\n\x1A\n"sv},
    {"JNG", 0, "\x8BJNG\r\n\x1A\n"sv},
    {"QOI", 0, "qoif"sv},
    {"farbfeld", 0, "farbfeld"sv},
    {"DDS", 0, "DDS "sv},
    {"KTX", 0, "\xABKTX"sv},
    {"Sun raster", 0, "\x59\xA6\x6A\x95"sv},
    {"SGI image", 0, "\x01\xDA"sv},
    {"Cineon", 0, "\x80\x2A\x5F\xD7"sv},
    {"DPX", 0, "SDPX"sv},
    {"DPX", 0, "XPDS"sv},
    {"FITS", 0, "SIMPLE  ="sv},
    {"NIfTI", 344, "n+1\0"sv},
    {"HDF5", 0, "\x89HDF\r\n\x1A\n"sv},
    {"NumPy", 0, "\x93NUMPY"sv},
    {"MATLAB", 0, "MATLAB 5.0"sv},
    {"FLIF", 0, "FLIF"sv},
    {"BPG", 0, "BPG\xFB"sv},
    {"DjVu", 0, "AT&TFORM"sv},
    {"PFM", 0, "Pf\n"sv},
    {"PFM", 0, "PF\n"sv},
    {"PAM", 0, "P7\n"sv},
    {"X pixmap", 0, "/* XPM */"sv},
    {"WAVE sound", 8, "WAVE"sv},
    {"AVI video", 8, "AVI "sv},
    {"MP4 video", 4, "ftyp"sv},
    {"Matroska video", 0, "\x1A\x45\xDF\xA3"sv},
    {"Ogg", 0, "OggS"sv},
    {"FLV video", 0, "FLV\x01"sv},
    {"MPEG video", 0, "\0\0\x01\xBA"sv},
    {"MPEG video", 0, "\0\0\x01\xB3"sv},
    {"zip archive", 0, "PK\x03\x04"sv},
    {"gzip archive", 0, "\x1F\x8B"sv},
    {"bzip2 archive", 0, "BZh"sv},
    {"xz archive", 0,
     "\xFD"
     "7zXZ\0"sv},
    {"Zstandard archive", 0, "\x28\xB5\x2F\xFD"sv},
    {"7z archive", 0, "7z\xBC\xAF\x27\x1C"sv},
    {"RAR archive", 0, "Rar!"sv},
    {"tar archive", 257, "ustar"sv},
    {"ELF program", 0,
     "\x7F"
     "ELF"sv},
    {"Git LFS pointer", 0, "version https://git-lfs"sv},
};

struct Tag {
  std::string_view name;
  std::string_view tag;  // lower case
};

// Found anywhere in the first lines of a text, in this order.
constexpr Tag kTags[] = {{"SVG", "<svg"},   {"HTML", "<!doctype html"}, {"HTML", "<html"},
                         {"HTML", "<head"}, {"HTML", "<body"},          {"XML", "<?xml"}};

std::string_view markup_name(ByteView bytes) {
  std::string head(bytes.slice(0, 1024).text());
  for (char& c : head) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  std::string_view text = head;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos || text[start] != '<') return {};
  for (const Tag& tag : kTags) {
    if (text.find(tag.tag) != std::string_view::npos) return tag.name;
  }
  return {};
}

/// "P1" to "P6" and white space.
bool looks_like_pnm(ByteView bytes) {
  return bytes.u8(0) == 'P' && bytes.u8(1) >= '1' && bytes.u8(1) <= '6' &&
         " \t\r\n\v\f#"sv.find(static_cast<char>(bytes.u8(2))) != std::string_view::npos;
}

/// "BM", the four reserved bytes and one of the known header sizes: two letters alone are too little.
bool looks_like_bmp(ByteView bytes) {
  constexpr std::array<std::uint32_t, 7> kHeaderSizes{12, 40, 52, 56, 64, 108, 124};
  return bytes.starts_with("BM") &&
         std::find(kHeaderSizes.begin(), kHeaderSizes.end(), bytes.le32(14)) != kHeaderSizes.end();
}

bool has_pnm_extension(std::string_view name) {
  if (name.size() < 4) return false;
  std::string extension(name.substr(name.size() - 4));
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension == ".pnm" || extension == ".pbm" || extension == ".pgm" || extension == ".ppm";
}

std::optional<Format> readable_format(std::string_view format_name) {
  for (const Format format : {Format::jpeg, Format::png, Format::bmp, Format::webp, Format::pnm}) {
    if (to_string(format) == format_name) return format;
  }
  return std::nullopt;
}

Header read_header(const Source& source, Format format) {
  switch (format) {
    case Format::jpeg:
      return jpeg_header(source);
    case Format::png:
      return png_header(source);
    case Format::bmp:
      return bmp_header(source);
    case Format::webp:
      return webp_header(source);
    case Format::pnm:
      break;
  }
  return pnm_header(source);
}

std::string megapixels(std::uint64_t pixels) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f megapixels", static_cast<double>(pixels) / 1e6);
  return text;
}

void check_size(const Source& source, const Header& header) {
  const auto width = static_cast<std::uint64_t>(header.width);
  const auto height = static_cast<std::uint64_t>(header.height);
  const std::uint64_t pixels = width * height;  // both are below 2^31
  const std::string size = std::to_string(width) + "x" + std::to_string(height);
  if (width > source.limits.side || height > source.limits.side) {
    source.fail("is " + size + " pixels, the limit of a side is " + std::to_string(source.limits.side));
  }
  if (pixels > source.limits.pixels) {
    source.fail("is " + size + " pixels (" + megapixels(pixels) + "), the limit is " +
                megapixels(source.limits.pixels));
  }
}

}  // namespace

std::string_view to_string(Format format) {
  switch (format) {
    case Format::jpeg:
      return "JPEG";
    case Format::png:
      return "PNG";
    case Format::bmp:
      return "BMP";
    case Format::webp:
      return "WebP";
    case Format::pnm:
      break;
  }
  return "PNM";
}

std::string_view to_string(Channels channels) {
  switch (channels) {
    case Channels::grey:
      return "grey";
    case Channels::grey_alpha:
      return "grey and alpha";
    case Channels::rgb:
      return "RGB";
    case Channels::rgba:
      return "RGB and alpha";
    case Channels::palette:
      return "palette";
    case Channels::cmyk:
      break;
  }
  return "CMYK";
}

bool has_picture_extension(std::string_view name) {
  constexpr std::string_view kExtensions[] = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".ppm", ".pgm", ".pbm", ".pnm"};
  std::string extension(name.substr(std::min(name.rfind('.'), name.size())));
  std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::find(std::begin(kExtensions), std::end(kExtensions), extension) != std::end(kExtensions);
}

std::string_view format_name(std::span<const std::byte> bytes) {
  const ByteView view(bytes);
  if (view.starts_with("RIFF") && view.starts_with("WEBP", 8)) return "WebP";
  for (const Magic& magic : kMagics) {
    if (view.starts_with(magic.bytes, magic.offset)) return magic.name;
  }
  if (looks_like_bmp(view)) return "BMP";
  if (looks_like_pnm(view)) return "PNM";
  return markup_name(view);
}

int checked_side(const Source& source, std::uint64_t side, std::string_view which) {
  if (side >= 1 && side <= 0x7FFFFFFF) return static_cast<int>(side);
  source.fail("says that its " + std::string(which) + " is " + std::to_string(side) + " pixels");
}

Header sniff(std::span<const std::byte> bytes, std::string_view name, const Limits& limits) {
  const Source source{ByteView(bytes), name, limits};
  constexpr const char* kRead = "; JPEG, PNG, BMP, WebP and PNM are read";
  if (bytes.empty()) source.fail("is empty, expected a picture");
  if (bytes.size() > limits.image_bytes) {
    source.fail("has " + human_bytes(bytes.size()) + ", the limit for a picture is " + human_bytes(limits.image_bytes));
  }
  const std::string_view found = format_name(bytes);
  if (found.empty()) source.fail("is no known picture format" + std::string(kRead));
  const auto format = readable_format(found);
  if (!format) source.fail("is " + std::string(found) + kRead);
  if (*format == Format::pnm && !has_pnm_extension(name)) {
    source.fail("looks like PNM, which is read only from files named .pnm, .pbm, .pgm or .ppm");
  }
  const Header header = read_header(source, *format);
  check_size(source, header);
  return header;
}

}  // namespace vitral::image
