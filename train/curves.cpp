#include "train/curves.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/core/file.h"
#include "datasets/metrics/page.h"

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
  std::string body;
  for (const auto& [name, figure] : curves_of(history)) body += "<figure>" + to_svg(figure) + "</figure>\n";
  return html_page(title, body + "<h2>Epochs</h2>\n" + table(history));
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
