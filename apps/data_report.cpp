#include "apps/data_report.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "common/core/text.h"

namespace vitral::apps {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kShown = 10;  // problems of a kind

std::map<std::string, std::size_t> counts_of(const DataReport& report) {
  std::map<std::string, std::size_t> counts;
  for (const auto& problem : report.problems) ++counts[problem.kind];
  return counts;
}

std::string name_of(const SplitStats& stats) {
  return stats.split.empty() ? "all" : printable(stats.split, 100);
}

std::string channels(const std::array<double, 3>& values) {
  char text[64];
  std::snprintf(text, sizeof text, "%.4f %.4f %.4f", values[0], values[1], values[2]);
  return text;
}

std::string spread(const std::array<int, 3>& values) {
  if (values[0] == values[2]) return std::to_string(values[0]);
  return std::to_string(values[0]) + " to " + std::to_string(values[2]) + " (median " + std::to_string(values[1]) + ")";
}

std::string split_text(const SplitStats& stats, const DataReport& report) {
  std::string text = name_of(stats) + ": " + std::to_string(stats.pictures) + " pictures";
  if (stats.unreadable > 0) text += ", " + std::to_string(stats.unreadable) + " unreadable";
  text += "\n  width   " + spread(stats.widths) + "\n  height  " + spread(stats.heights);
  text += "\n  mean    " + channels(stats.mean) + "\n  std     " + channels(stats.std) + "\n";
  if (report.task == Task::detect) {
    text += "  objects " + std::to_string(stats.objects) + ", at most " + std::to_string(stats.most_objects) +
            " a picture, none in " + std::to_string(stats.without_objects) + "; " + std::to_string(stats.crowds) +
            " crowds\n  sizes   " + std::to_string(stats.areas[0]) + " small, " + std::to_string(stats.areas[1]) +
            " medium, " + std::to_string(stats.areas[2]) + " large\n";
  }
  for (std::size_t i = 0; i < stats.class_counts.size() && i < report.classes.size(); ++i) {
    std::string count = std::to_string(stats.class_counts[i]);
    count.insert(0, count.size() < 8 ? 8 - count.size() : 0, ' ');
    text += count + "  " + printable(report.classes.names[i], 100) + "\n";
  }
  return text;
}

Json split_json(const SplitStats& stats, Task task) {
  Json json{{"split", stats.split},   {"pictures", stats.pictures},        {"unreadable", stats.unreadable},
            {"widths", stats.widths}, {"heights", stats.heights},          {"mean", stats.mean},
            {"std", stats.std},       {"class_counts", stats.class_counts}};
  if (task == Task::detect) {
    json["objects"] = stats.objects;
    json["crowds"] = stats.crowds;
    json["without_objects"] = stats.without_objects;
    json["most_objects"] = stats.most_objects;
    json["areas"] = {{"small", stats.areas[0]}, {"medium", stats.areas[1]}, {"large", stats.areas[2]}};
  }
  return json;
}

}  // namespace

std::string problem_counts(const DataReport& report) {
  std::vector<std::string> parts;
  for (const auto& [kind, count] : counts_of(report)) parts.push_back(std::to_string(count) + " " + kind);
  return join(parts);
}

std::string problems_text(const DataReport& report) {
  std::string text;
  for (const auto& [kind, count] : counts_of(report)) {
    text += kind + ": " + std::to_string(count) + "\n";
    std::size_t shown = 0;
    for (const auto& problem : report.problems) {
      if (problem.kind != kind || shown++ >= kShown) continue;
      text += "  " + printable(problem.text(), 1'000) + "\n";
    }
    if (count > kShown) text += "  … and " + std::to_string(count - kShown) + " more (--json has all)\n";
  }
  return text;
}

std::string stats_text(const DataReport& report) {
  std::string text =
      std::string(to_string(report.format)) + ", " + std::to_string(report.classes.size()) + " classes\n";
  for (const auto& stats : report.splits) text += split_text(stats, report);
  return text;
}

Json data_json(const DataReport& report, const std::string& path) {
  auto classes = Json::array(), splits = Json::array(), problems = Json::array();
  for (std::size_t i = 0; i < report.classes.size(); ++i) {
    classes.push_back({{"class_id", i}, {"category_id", report.classes.ids[i]}, {"name", report.classes.names[i]}});
  }
  for (const auto& stats : report.splits) splits.push_back(split_json(stats, report.task));
  for (const auto& problem : report.problems) {
    problems.push_back({{"kind", problem.kind}, {"subject", problem.subject}, {"message", problem.message}});
  }
  return {{"schema", "vitral.data/1"},
          {"data", path},
          {"format", to_string(report.format)},
          {"task", report.task == Task::detect ? "detect" : "classify"},
          {"classes", classes},
          {"splits", splits},
          {"problem_counts", counts_of(report)},
          {"problems", problems}};
}

}  // namespace vitral::apps
