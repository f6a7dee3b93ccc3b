/// Text as code points.
#pragma once

#include <string>
#include <string_view>

namespace vitral::text {

/// The code points of UTF-8. Throws Error(input, subject, …) naming the first byte, from 0, that is none.
std::u32string decode_utf8(std::string_view bytes, std::string_view subject = "text");
/// The UTF-8 of code points (surrogates and what lies beyond U+10FFFF become U+FFFD).
std::string encode_utf8(std::u32string_view points);

}  // namespace vitral::text
