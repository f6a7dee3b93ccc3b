#include "apps/bench_report.h"

#include <algorithm>
#include <filesystem>

#include "common/core/file.h"
#include "common/core/format.h"
#include "common/core/text.h"
#include "datasets/metrics/page.h"
#include "datasets/metrics/plots.h"

namespace vitral::apps {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// A table in either notation; the first column is text, the others are numbers.
struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;

  std::string markdown() const {
    std::string text = "|";
    for (const auto& column : columns) text += " " + column + " |";
    text += "\n|---|";
    for (std::size_t i = 1; i < columns.size(); ++i) text += "--:|";
    for (const auto& row : rows) {
      text += "\n|";
      for (const auto& cell : row) text += " " + cell + " |";
    }
    return text + "\n";
  }
  std::string html() const {
    std::string text = "<table><tr>";
    for (const auto& column : columns) text += "<th>" + escape_markup(column) + "</th>";
    for (const auto& row : rows) {
      text += "</tr>\n<tr>";
      for (const auto& cell : row) text += "<td>" + escape_markup(cell) + "</td>";
    }
    return text + "</tr></table>\n";
  }
};

/// What is said of the networks of one task.
struct Chapter {
  std::string title;
  Table networks, stages;
  std::vector<NamedFigure> figures;
};

bool is_cnn(const Json& row) {
  return row["family"] == "cnn";
}
const char* metric_of(const Json& row) {
  return row["task"] == "detect" ? "AP" : "top1";
}
std::string metric_name(const Json& row) {
  return row["task"] == "detect" ? "AP (COCO)" : "top-1 accuracy";
}

std::string minutes(const Json& row) {
  return row.contains("training") ? format("%.0f min", row["training"]["seconds"].get<double>() / 60) : "–";
}

/// The rows of one network, one a batch size.
using Network = std::vector<Json>;

std::vector<Network> networks_of(const Json& bench, const std::string& task) {
  std::vector<Network> result;
  for (const auto& row : bench["rows"]) {
    if (row["task"] != task) continue;
    const auto same = [&row](const Network& each) { return each.front()["model"] == row["model"]; };
    const auto found = std::find_if(result.begin(), result.end(), same);
    if (found == result.end()) {
      result.push_back({row});
    } else {
      found->push_back(row);
    }
  }
  return result;
}

Table table_of(const std::vector<Network>& networks) {
  const auto& first = networks.front().front();
  Table table{{"network", "kind", "parameters", "GMACs", "input", metric_name(first)}, {}};
  for (const auto& row : networks.front()) {
    const auto batch = row["batch"].dump();
    table.columns.push_back("batch " + batch + ": p50 / p90 / p99 ms");
    table.columns.push_back("pictures/s");
  }
  table.columns.insert(table.columns.end(), {"peak memory", "training"});
  for (const auto& network : networks) {
    const auto& row = network.front();
    std::vector<std::string> cells = {
        row["model"].get<std::string>(),
        is_cnn(row) ? "CNN" : "Transformer",
        format("%.2f M", row["params"].get<double>() / 1e6),
        format("%.3g", row["gmacs"].get<double>()),
        row["input"][0].dump() + "×" + row["input"][1].dump(),
        row.contains(metric_of(row)) ? format("%.4f", row[metric_of(row)].get<double>()) : "–"};
    for (const auto& each : network) {
      const auto& ms = each["ms"];
      cells.push_back(
          format("%.2f / %.2f / %.2f", ms["p50"].get<double>(), ms["p90"].get<double>(), ms["p99"].get<double>()));
      cells.push_back(format("%.1f", each["images_per_s"].get<double>()));
    }
    cells.push_back(format("%.0f MB", row["peak_rss_mb"].get<double>()));
    cells.push_back(minutes(row));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

Table stages_of(const std::vector<Network>& networks) {
  Table table{{"network", "decode", "preprocess", "forward", "postprocess", "pictures/s", "limited by"}, {}};
  for (const auto& network : networks) {
    const auto& row = network.front();
    if (!row.contains("end_to_end")) continue;
    const auto& found = row["end_to_end"];
    std::vector<std::string> cells = {row["model"].get<std::string>()};
    for (std::size_t i = 1; i < 5; ++i) {
      cells.push_back(format("%.2f ms", found["p50_ms"][table.columns[i]].get<double>()));
    }
    cells.push_back(format("%.1f", found["images_per_s"].get<double>()));
    cells.push_back(found["limited_by"].get<std::string>());
    table.rows.push_back(std::move(cells));
  }
  return table;
}

/// A dot a network, Transformers and CNNs in their own colours.
CurveFigure against(const std::vector<Network>& networks, const std::string& x_label, const auto& cost_of) {
  const auto& first = networks.front().front();
  CurveFigure figure{metric_name(first) + " against " + x_label, x_label, metric_name(first), {}, {}, {}};
  std::vector<double> costs, values;
  for (const bool cnn : {false, true}) {
    Curve kind{cnn ? "CNNs" : "Transformers", {}, {}, false, /*dots=*/true, {}};
    for (const auto& network : networks) {
      const auto& row = network.front();
      if (is_cnn(row) != cnn || !row.contains(metric_of(row))) continue;
      kind.x.push_back(cost_of(row));
      kind.y.push_back(row[metric_of(row)].get<double>());
      kind.labels.push_back(row["model"].get<std::string>());
    }
    costs.insert(costs.end(), kind.x.begin(), kind.x.end());
    values.insert(values.end(), kind.y.begin(), kind.y.end());
    figure.curves.push_back(std::move(kind));
  }
  figure.x = Axis::around(costs, /*logarithmic=*/true);
  figure.y = Axis::around(values);
  return figure;
}

std::vector<Chapter> chapters_of(const Json& bench) {
  std::vector<Chapter> chapters;
  for (const std::string task : {"classify", "detect"}) {
    const auto networks = networks_of(bench, task);
    if (networks.empty()) continue;
    const bool detects = task == "detect";
    Chapter chapter{detects ? "Detectors" : "Classifiers", table_of(networks), stages_of(networks), {}};
    const bool judged = std::any_of(networks.begin(), networks.end(), [](const Network& network) {
      return network.front().contains(metric_of(network.front()));
    });
    if (judged) {
      const std::string name = detects ? "detectors" : "classifiers";
      const auto batch = networks.front().front()["batch"].dump();
      chapter.figures.push_back(
          {name + "-latency", against(networks, "latency in ms, batch " + batch + ", median",
                                      [](const Json& row) { return row["ms"]["p50"].get<double>(); })});
      chapter.figures.push_back({name + "-parameters", against(networks, "millions of parameters", [](const Json& row) {
                                   return row["params"].get<double>() / 1e6;
                                 })});
    }
    chapters.push_back(std::move(chapter));
  }
  return chapters;
}

constexpr const char* kTitle = "Transformers and CNNs, measured side by side";
constexpr const char* kStages = "From file to result in batches of the first size, median of the pictures";

std::string machine_line(const Json& bench) {
  const auto& machine = bench["machine"];
  const auto features = machine["features"].get<std::vector<std::string>>();
  return "Machine: " + machine["cpu"].get<std::string>() + ", " + machine["cores"].dump() + " cores, " +
         join(features, " ") + "; vitral " + machine["vitral"].get<std::string>() + ", LibTorch " +
         machine["libtorch"].get<std::string>() + ".";
}

std::string markdown(const Json& bench, const std::vector<Chapter>& chapters, const std::string& name) {
  std::string text = std::string("# ") + kTitle + "\n\n" + machine_line(bench) + "\n\n" +
                     bench["protocol"].get<std::string>() + "\n\nThe figures behind it: [" + name + ".json](" + name +
                     ".json).\n";
  for (const auto& chapter : chapters) {
    text += "\n## " + chapter.title + "\n" + chapter.networks.markdown();
    if (!chapter.stages.rows.empty()) text += "\n" + std::string(kStages) + ":\n\n" + chapter.stages.markdown();
    for (const auto& [figure, content] : chapter.figures) {
      const auto file = name + "-" + figure;
      text += "\n![" + content.title + "](" + file + ".svg)\n([as CSV](" + file + ".csv))\n";
    }
  }
  return text;
}

std::string html(const Json& bench, const std::vector<Chapter>& chapters) {
  std::string body = "<p>" + escape_markup(machine_line(bench)) + "</p>\n<p>" +
                     escape_markup(bench["protocol"].get<std::string>()) + "</p>\n";
  for (const auto& chapter : chapters) {
    body += "<h2>" + escape_markup(chapter.title) + "</h2>\n" + chapter.networks.html();
    if (!chapter.stages.rows.empty()) body += std::string("<p>") + kStages + ":</p>\n" + chapter.stages.html();
    for (const auto& [name, figure] : chapter.figures) body += "<figure>" + to_svg(figure) + "</figure>\n";
  }
  return html_page(kTitle, body);
}

}  // namespace

BenchReport::BenchReport(std::string path, bool overwrite) : path_(std::move(path)), overwrite_(overwrite) {
  const fs::path file(path_);
  stem_ = file.stem().string();
  ending_ = file.extension().string();
  if (ending_ != ".html" && ending_ != ".md" && ending_ != ".json") {
    throw Error(ErrorKind::usage, "--report", printable(path_, 500) + " ends in none of .html, .md and .json");
  }
  if (const auto folder = file.parent_path(); !folder.empty() && !fs::is_directory(folder)) {
    throw Error(ErrorKind::usage, printable(path_, 500), "there is no folder " + printable(folder.string(), 500));
  }
  if (!overwrite && fs::exists(file)) {
    throw Error(ErrorKind::usage, printable(path_, 500), "exists already; -y replaces it");
  }
}

std::vector<std::string> BenchReport::write(const Json& bench) const {
  std::vector<std::string> written;
  const auto put = [&](const fs::path& path, const std::string& text) {
    write_file(path, text, overwrite_);
    written.push_back(path.string());
  };
  const auto raw = bench.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  if (ending_ == ".json") {
    put(path_, raw);
    return written;
  }
  const auto chapters = chapters_of(bench);
  if (ending_ == ".html") {
    put(path_, html(bench, chapters));
    return written;
  }
  const auto folder = fs::path(path_).parent_path();
  for (const auto& chapter : chapters) {
    for (const auto& [name, figure] : chapter.figures) {
      put(folder / (stem_ + "-" + name + ".svg"), to_svg(figure));
      put(folder / (stem_ + "-" + name + ".csv"), to_csv(figure));
    }
  }
  put(folder / (stem_ + ".json"), raw);
  put(path_, markdown(bench, chapters, stem_));
  return written;
}

}  // namespace vitral::apps
