/// The formats behind sniff() and decode(), a header reader and a decoder each. Inside this folder only.
#pragma once

#include <string>
#include <string_view>

#include "common/core/error.h"
#include "common/core/limits.h"
#include "common/core/text.h"
#include "common/image/bytes.h"
#include "common/image/image.h"
#include "common/image/sniff.h"

namespace vitral::image {

struct Source {
  ByteView bytes;
  std::string_view name;
  Limits limits;

  [[noreturn]] void fail(std::string_view message) const {
    throw Error(ErrorKind::input, printable(name, 300), message);
  }
};

// Header readers: everything but the comparison with the limits. Decoders: the picture as stored, not yet turned
// upright; `header` is what the reader of the same bytes gave, its size is within the limits.
Header jpeg_header(const Source& source);
Image jpeg_decode(const Source& source, const Header& header);
Header png_header(const Source& source);
Image png_decode(const Source& source, const Header& header);
Header webp_header(const Source& source);
Image webp_decode(const Source& source, const Header& header);
Header bmp_header(const Source& source);
Image bmp_decode(const Source& source, const Header& header);
Header pnm_header(const Source& source);
Image pnm_decode(const Source& source, const Header& header);

/// A side as a file states it: 1 to 2^31 - 1. Fails for anything else.
int checked_side(const Source& source, std::uint64_t side, std::string_view which);

}  // namespace vitral::image
