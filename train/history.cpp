#include "train/history.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "datasets/metrics/plots.h"

namespace vitral::train {
namespace {

/// Numbers by their path in the record, in its order.
using Row = std::vector<std::pair<std::string, std::string>>;

void flatten(const nlohmann::ordered_json& json, const std::string& path, Row& row) {
  for (const auto& [name, value] : json.items()) {
    if (value.is_object()) {
      flatten(value, path + name + ".", row);
    } else if (value.is_number()) {
      row.emplace_back(path + name, value.dump());
    }
  }
}

}  // namespace

std::string epoch_record(std::uint64_t epoch, const RunState& state, double lr,
                         const std::optional<Evaluation>& evaluation) {
  const auto& meters = state.meters;
  const double steps = static_cast<double>(std::max<std::int64_t>(meters.steps, 1));
  nlohmann::ordered_json train = {{"loss", meters.total / steps}};
  for (const auto& [name, sum] : meters.sums) train[name] = sum / steps;
  train["gradient_norm"] = meters.gradient_norm / steps;
  train["pictures"] = meters.pictures;
  train["bad_steps"] = meters.bad_steps;
  train["bad_pictures"] = meters.bad_pictures;
  nlohmann::ordered_json record = {
      {"schema", "vitral.epoch/1"}, {"epoch", epoch}, {"step", state.step}, {"lr", lr}, {"train", train}};
  if (evaluation) {
    nlohmann::ordered_json val;
    for (const auto& [name, value] : evaluation->metrics) val[name] = value;
    val["unreadable"] = evaluation->unreadable;
    record["val"] = val;
  }
  record["seconds"] = meters.seconds;
  record["images_per_s"] = meters.seconds > 0 ? static_cast<double>(meters.pictures) / meters.seconds : 0.0;
  return record.dump();
}

bool is_epoch_record(const std::string& line) {
  const auto record = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  const auto has = [&record](const char* path) {
    const nlohmann::json::json_pointer pointer(path);
    return record.contains(pointer) && record[pointer].is_number();
  };
  if (!record.is_object() || (record.contains("val") && !record["val"].is_object())) return false;
  if (record.contains("val")) {
    for (const auto& value : record["val"]) {
      if (!value.is_number()) return false;
    }
  }
  return has("/epoch") && has("/step") && has("/lr") && has("/train/loss") && has("/images_per_s");
}

std::string lines_of(const std::vector<std::string>& history) {
  std::string text;
  for (const auto& line : history) text += line + "\n";
  return text;
}

std::string table_of(const std::vector<std::string>& history) {
  std::vector<std::string> columns;
  std::vector<std::map<std::string, std::string>> rows;
  for (const auto& line : history) {
    Row row;
    flatten(nlohmann::ordered_json::parse(line), "", row);
    for (const auto& [name, value] : row) {
      if (std::find(columns.begin(), columns.end(), name) == columns.end()) columns.push_back(name);
    }
    rows.emplace_back(row.begin(), row.end());
  }
  std::string text;
  for (std::size_t i = 0; i < columns.size(); ++i) text += (i > 0 ? "," : "") + csv_field(columns[i]);
  text += "\n";
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto found = row.find(columns[i]);
      text += (i > 0 ? "," : "") + (found == row.end() ? std::string() : found->second);
    }
    text += "\n";
  }
  return text;
}

}  // namespace vitral::train
