/// What an encoded picture says about itself, read and judged before anything is decoded.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "common/core/limits.h"

namespace vitral::image {

/// The formats that are read; everything else is refused by its name.
enum class Format { jpeg, png, bmp, webp, pnm };

enum class Channels { grey, grey_alpha, rgb, rgba, palette, cmyk };

struct Header {
  Format format = Format::jpeg;
  int width = 0, height = 0;  ///< pixels as stored, before `orientation` is applied
  int bit_depth = 8;          ///< bits of a sample (of a palette index)
  Channels channels = Channels::rgb;
  int orientation = 1;    ///< EXIF orientation 1 to 8; 1 where there is none or it is broken
  bool animated = false;  ///< only the first frame is read

  /// Pixels of the upright picture.
  int upright_width() const { return orientation >= 5 ? height : width; }
  int upright_height() const { return orientation >= 5 ? width : height; }
};

std::string_view to_string(Format format);
std::string_view to_string(Channels channels);

/// True where `name` ends like a picture that is read (.jpg .jpeg .png .bmp .webp .ppm .pgm .pbm .pnm), in any case.
bool has_picture_extension(std::string_view name);

/// The name of the file format that `bytes` begin like ("TIFF", "HTML", "MP4 video", …), empty where it is not known.
std::string_view format_name(std::span<const std::byte> bytes);

/// Reads the header. PNM counts only where `name` ends in .pnm, .pbm, .pgm or .ppm: its magic is two letters of text.
/// Throws Error(input, name, …): no picture, a format that is not read, a header that contradicts itself, a size beyond
/// `limits` (bytes, pixels, side), a file that ends before its pixels do as far as the containers tell.
Header sniff(std::span<const std::byte> bytes, std::string_view name, const Limits& limits = {});

}  // namespace vitral::image
