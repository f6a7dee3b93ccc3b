/// A page in headless Chromium, where the machine has one.
#pragma once

#include <string>

#include "tests/apps/program.h"

namespace vitral::test {

/// What the page's body says of itself ("<body data-ready=…>"); empty where there is no browser.
inline std::string browse(const std::filesystem::path& page, const std::string& hash) {
  return run_shell(
             "command -v chromium >/dev/null && chromium --headless --no-sandbox --disable-gpu "
             "--virtual-time-budget=8000 --user-data-dir=profile --dump-dom 'file://" +
                 page.string() + hash + "' 2>/dev/null | grep -o '<body[^>]*>'",
             page.parent_path())
      .out;
}

inline std::string attribute(const std::string& body, const std::string& name) {
  const auto at = body.find(name + "=\"");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 2;
  return body.substr(begin, body.find('"', begin) - begin);
}

/// Whether a page asks for anything outside itself.
inline bool is_self_contained(const std::string& html) {
  for (const auto* outside : {"http://", "https://", "src=\"/", "@import"}) {
    if (html.find(outside) != std::string::npos) return false;
  }
  return true;
}

}  // namespace vitral::test
