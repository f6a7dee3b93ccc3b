/// A page in headless Chromium, where the machine has one.
#pragma once

#include <string>

#include "tests/apps/program.h"

namespace vitral::test {

/// How a page is opened in the Chromium of this machine, but for what to do with it; empty where there is none.
inline std::string chromium(const std::filesystem::path& folder) {
  const auto found =
      run_shell("command -v chromium || command -v chromium-browser || command -v google-chrome", folder);
  if (found.code != 0) return {};
  return found.out.substr(0, found.out.find('\n')) +
         " --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir=profile ";
}

/// What the page's body says of itself ("<body data-ready=…>"); empty where there is no browser.
inline std::string browse(const std::filesystem::path& page, const std::string& hash) {
  const auto browser = chromium(page.parent_path());
  if (browser.empty()) return {};
  return run_shell(browser + "--virtual-time-budget=8000 --dump-dom 'file://" + page.string() + hash +
                       "' 2>/dev/null | grep -o '<body[^>]*>'",
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
