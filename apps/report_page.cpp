#include "apps/report_page.h"

#include <cstdio>

#include "apps/output_folder.h"
#include "common/core/file.h"
#include "datasets/metrics/page.h"
#include "datasets/metrics/plots.h"

namespace vitral::apps {
namespace {

constexpr std::string_view kCards = R"(
main{display:grid;grid-template-columns:repeat(auto-fill,minmax(260px,1fr));gap:1rem}
article{border:1px solid var(--line);border-radius:10px;overflow:hidden}
article img{width:100%;height:200px;object-fit:cover;display:block}
article div.t{padding:.6rem .8rem}h2{font-size:.85rem;margin:0 0 .4rem;overflow-wrap:anywhere;color:var(--soft)}
ol{list-style:none;margin:0;padding:0}li{position:relative;padding:.15rem .3rem;margin:.15rem 0;display:flex;gap:.5rem}
li span.b{position:absolute;inset:0 auto 0 0;background:var(--pick);opacity:.22;border-radius:4px}
li span.l{flex:1;position:relative}li span.s{position:relative;font-variant-numeric:tabular-nums}
)";

std::filesystem::path sheet_path(const std::filesystem::path& folder) { return folder / "contact_sheet.jpg"; }
std::filesystem::path page_path(const std::filesystem::path& folder) { return folder / "index.html"; }

}  // namespace

std::string base64(std::span<const std::byte> bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t word = 0;
    for (std::size_t j = 0; j < 3; ++j) word = word << 8 | (j < have ? static_cast<std::uint32_t>(bytes[i + j]) : 0);
    for (std::size_t j = 0; j < 4; ++j) out += j <= have ? kDigits[word >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

ReportPage::ReportPage(std::filesystem::path folder, bool overwrite, std::string model)
    : folder_(std::move(folder)), overwrite_(overwrite), model_(std::move(model)) {
  claim_folder(folder_, {sheet_path({}).string(), page_path({}).string()}, overwrite_);
}

void ReportPage::add(const std::string& name, image::Image thumbnail, std::vector<std::pair<std::string, float>> classes) {
  cards_.push_back({std::move(thumbnail), std::filesystem::path(name).filename().string(), std::move(classes)});
}

std::string ReportPage::html() const {
  std::string html = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                     "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>vitral classify</title><style>";
  html.append(page_style()).append(kCards);
  html += "</style></head><body><h1>vitral classify</h1><p class=\"sub\">" + escape_markup(model_) + " &middot; " +
          std::to_string(cards_.size()) + " pictures</p><main>\n";
  for (const auto& card : cards_) {
    html += "<article><img alt=\"" + escape_markup(card.title) + "\" src=\"data:image/jpeg;base64," +
            base64(image::encode_jpeg(card.picture, 88)) + "\"><div class=\"t\"><h2>" + escape_markup(card.title) + "</h2><ol>";
    for (const auto& [label, score] : card.scores) {
      char percent[16];
      std::snprintf(percent, sizeof percent, "%.1f%%", 100.0 * score);
      html += "<li><span class=\"b\" style=\"width:" + std::string(percent) + "\"></span><span class=\"l\">" + escape_markup(label) +
              "</span><span class=\"s\">" + percent + "</span></li>";
    }
    html += "</ol></div></article>\n";
  }
  return html + "</main></body></html>\n";
}

std::vector<std::string> ReportPage::write() const {
  image::SheetOptions options;
  options.title = "vitral classify - " + model_;
  const auto sheet = image::encode_jpeg(image::contact_sheet(cards_, options));
  AtomicFile file(sheet_path(folder_), overwrite_);
  file.write(std::span<const std::byte>(sheet));
  file.commit();
  write_file(page_path(folder_), html(), overwrite_);
  return {sheet_path(folder_).string(), page_path(folder_).string()};
}

}  // namespace vitral::apps
