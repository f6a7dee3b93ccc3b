/// The one look of the pages that the program writes.
#pragma once

#include <string>
#include <string_view>

namespace vitral {

/// The style sheet that all pages begin with: light and dark, `--line`, `--soft` and `--pick` for what is added.
std::string_view page_style();

/// A self-contained HTML page: `title` (plain text) above `body` (markup). Light and dark, nothing from outside.
std::string html_page(const std::string& title, const std::string& body);

}  // namespace vitral
