#include "datasets/metrics/page.h"

#include "datasets/metrics/plots.h"

namespace vitral {
namespace {

constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--line:#8885;--soft:light-dark(#5a6068,#a8adb5);--pick:#3b7dd8}
*{box-sizing:border-box}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1200px;padding:0 1rem}
h1{font-size:1.4rem;margin:0 0 .2rem}p.sub{color:var(--soft);margin:0 0 1.2rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td,th{padding:.2rem .7rem;text-align:right;border-bottom:1px solid var(--line)}
)";

constexpr std::string_view kPlots = R"(
svg{max-width:100%;height:auto}figure{margin:1rem 0;display:inline-block}img{max-width:340px;height:auto}
)";

}  // namespace

std::string_view page_style() {
  return kStyle;
}

std::string html_page(const std::string& title, const std::string& body) {
  const auto text = escape_markup(title);
  std::string page =
      "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\">\n<style>";
  page.append(kStyle).append(kPlots);
  return page + "</style>\n<title>" + text + "</title>\n<h1>" + text + "</h1>\n" + body;
}

}  // namespace vitral
