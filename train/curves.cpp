#include "train/curves.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/core/file.h"

namespace vitral::train {
namespace {

/// The values of `section`'s numbers over the epochs, by name.
std::vector<Curve> curves(const std::vector<nlohmann::ordered_json>& records, const std::string& section,
                          const std::vector<std::string>& without) {
  std::vector<Curve> result;
  for (const auto& record : records) {
    if (!record.contains(section)) continue;
    for (const auto& [name, value] : record[section].items()) {
      if (!value.is_number() || std::find(without.begin(), without.end(), name) != without.end()) continue;
      auto found =
          std::find_if(result.begin(), result.end(), [&name = name](const Curve& each) { return each.name == name; });
      if (found == result.end()) {
        result.push_back({name, {}, {}});
        found = result.end() - 1;
      }
      found->x.push_back(record["epoch"].get<double>() + 1);
      found->y.push_back(value.get<double>());
    }
  }
  return result;
}

NamedFigure figure_of(const std::string& name, const std::string& title, std::vector<Curve> lines) {
  NamedFigure result{name, {title, "epoch", title, std::move(lines)}};
  std::vector<double> x, y;
  for (const auto& curve : result.figure.curves) {
    x.insert(x.end(), curve.x.begin(), curve.x.end());
    y.insert(y.end(), curve.y.begin(), curve.y.end());
  }
  result.figure.x = Axis::around(x);
  result.figure.y = Axis::around(y);
  return result;
}

std::vector<nlohmann::ordered_json> parsed(const std::vector<std::string>& history) {
  std::vector<nlohmann::ordered_json> records;
  for (const auto& line : history) records.push_back(nlohmann::ordered_json::parse(line));
  return records;
}

constexpr const char* kHead =
    "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
    "content=\"width=device-width\">\n"
    "<style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1100px;padding:0 1rem;color:#1a202c;"
    "background:#fff}svg{max-width:100%;height:auto}figure{margin:1rem "
    "0;display:inline-block}img{max-width:340px;height:auto}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:.2rem .7rem;text-align:right;"
    "border-bottom:1px solid #e2e8f0}@media(prefers-color-scheme:dark){body{background:#171923;color:#e2e8f0}"
    "svg,img{background:#fff;border-radius:6px}td,th{border-color:#2d3748}}</style>\n";

std::string table(const std::vector<std::string>& history) {
  std::string html = "<table><tr><th>epoch</th><th>step</th><th>loss</th><th>validation</th><th>pictures/s</th></tr>\n";
  for (const auto& record : parsed(history)) {
    std::string validation;
    if (record.contains("val")) {
      for (const auto& [name, value] : record["val"].items()) {
        char text[64];
        std::snprintf(text, sizeof text, "%s %.4g  ", name.c_str(), value.get<double>());
        if (name != "unreadable") validation += text;
      }
    }
    char line[160];
    std::snprintf(line, sizeof line, "<tr><td>%lld</td><td>%lld</td><td>%.4f</td><td>",
                  record["epoch"].get<long long>() + 1, record["step"].get<long long>(),
                  record["train"]["loss"].get<double>());
    html += line + escape_markup(validation);
    std::snprintf(line, sizeof line, "</td><td>%.1f</td></tr>\n", record["images_per_s"].get<double>());
    html += line;
  }
  return html + "</table>\n";
}

}  // namespace

std::vector<NamedFigure> curves_of(const std::vector<std::string>& history) {
  const auto records = parsed(history);
  std::vector<NamedFigure> figures;
  const auto add = [&](const std::string& name, const std::string& title, std::vector<Curve> lines) {
    if (!lines.empty()) figures.push_back(figure_of(name, title, std::move(lines)));
  };
  add("loss", "training loss", curves(records, "train", {"gradient_norm", "pictures", "bad_steps", "bad_pictures"}));
  add("metrics", "validation", curves(records, "val", {"unreadable"}));
  Curve rate{"learning rate", {}, {}};
  for (const auto& record : records) {
    rate.x.push_back(record["epoch"].get<double>() + 1);
    rate.y.push_back(record["lr"].get<double>());
  }
  if (!rate.x.empty()) add("lr", "learning rate", {rate});
  return figures;
}

std::string page_of(const std::string& title, const std::vector<std::string>& history) {
  std::string html = kHead + ("<title>" + escape_markup(title) + "</title>\n<h1>" + escape_markup(title) + "</h1>\n");
  for (const auto& [name, figure] : curves_of(history)) html += "<figure>" + to_svg(figure) + "</figure>\n";
  return html + "<h2>Epochs</h2>\n" + table(history);
}

void write_curves(const std::filesystem::path& folder, const std::string& title,
                  const std::vector<std::string>& history) {
  for (const auto& [name, figure] : curves_of(history)) {
    write_file(folder / (name + ".svg"), to_svg(figure), /*overwrite=*/true);
    write_file(folder / (name + ".csv"), to_csv(figure), /*overwrite=*/true);
  }
  write_file(folder / "index.html", page_of(title, history), /*overwrite=*/true);
}

}  // namespace vitral::train
