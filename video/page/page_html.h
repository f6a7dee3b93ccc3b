/// The live page: HTML, style and script in one text, without anything from elsewhere.
#pragma once

#include <string_view>

namespace vitral::video {

std::string_view page_html();

}  // namespace vitral::video
