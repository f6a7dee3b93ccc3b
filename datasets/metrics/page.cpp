#include "datasets/metrics/page.h"

#include "datasets/metrics/plots.h"

namespace vitral {
namespace {

constexpr const char* kHead =
    "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
    "content=\"width=device-width\">\n"
    "<style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1100px;padding:0 1rem;color:#1a202c;"
    "background:#fff}svg{max-width:100%;height:auto}figure{margin:1rem "
    "0;display:inline-block}img{max-width:340px;height:auto}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:.2rem .7rem;text-align:right;"
    "border-bottom:1px solid #e2e8f0}@media(prefers-color-scheme:dark){body{background:#171923;color:#e2e8f0}"
    "svg,img{background:#fff;border-radius:6px}td,th{border-color:#2d3748}}</style>\n";

}  // namespace

std::string html_page(const std::string& title, const std::string& body) {
  const auto text = escape_markup(title);
  return kHead + ("<title>" + text + "</title>\n<h1>" + text + "</h1>\n") + body;
}

}  // namespace vitral
