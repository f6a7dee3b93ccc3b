/// The one look of the pages that the program writes.
#pragma once

#include <string>

namespace vitral {

/// A self-contained HTML page: `title` (plain text) above `body` (markup). Light and dark, nothing from outside.
std::string html_page(const std::string& title, const std::string& body);

}  // namespace vitral
