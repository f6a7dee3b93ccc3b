#include "common/weights/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/core/text.h"

namespace vitral::weights {
namespace {

std::string show(const std::string& name) {
  return printable(name, 200);
}
std::string show(const ShapeMismatch& mismatch) {
  return show(mismatch.name) + " " + describe_shape(mismatch.found) + ", expected " + describe_shape(mismatch.expected);
}
std::string show(const Adaptation& adaptation) {
  return show(adaptation.name) + ": " + printable(adaptation.text, 200);
}

/// Names come from files: JSON wants UTF-8 of them.
std::string utf8(const std::string& name) {
  return is_utf8(name) ? name : printable(name);
}
std::vector<std::string> utf8(std::vector<std::string> names) {
  for (auto& name : names) name = utf8(name);
  return names;
}

/// The first `most` entries and how many more there are.
template <typename Entry>
std::string first(const std::vector<Entry>& entries, std::size_t most, std::string_view separator) {
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < std::min(most, entries.size()); ++i) shown.push_back(show(entries[i]));
  if (entries.size() > most) shown.push_back("… " + std::to_string(entries.size() - most) + " more");
  return join(shown, separator);
}

template <typename Entry>
std::string block(std::string_view title, const std::vector<Entry>& entries, std::size_t most) {
  if (entries.empty()) return "";
  return std::string(title) + " " + std::to_string(entries.size()) + ":\n  " + first(entries, most, "\n  ") + "\n";
}

}  // namespace

std::string LoadReport::problems(std::size_t most) const {
  std::vector<std::string> parts;
  const auto add = [&](const auto& entries, std::string_view what) {
    if (!entries.empty())
      parts.push_back(std::to_string(entries.size()) + " " + std::string(what) + " (" + first(entries, most, "; ") +
                      ")");
  };
  add(missing, "missing");
  add(unexpected, "unexpected");
  add(mismatched, "of another shape");
  return join(parts);
}

std::string LoadReport::text(std::size_t most) const {
  std::string text = show(file) + " (" + container + (origin.empty() ? "" : ", keys of " + origin) + ")\n";
  if (!unwrapped.empty()) text += "taken from: " + printable(join(unwrapped, ".")) + "\n";
  if (!stripped.empty()) text += "prefix taken off: " + printable(stripped) + "\n";
  text += "loaded " + std::to_string(loaded.size()) + ", renamed " + std::to_string(renamed.size()) +
          ", dropped buffers " + std::to_string(dropped.size()) + "\n";
  text += block("adapted", adapted, adapted.size());
  text += block("missing", missing, most);
  text += block("unexpected", unexpected, most);
  text += block("of another shape", mismatched, most);
  return text;
}

nlohmann::json LoadReport::json() const {
  nlohmann::json json = {{"file", printable(file)},  {"container", container},         {"origin", origin},
                         {"unwrapped", unwrapped},   {"stripped", stripped},           {"loaded", loaded.size()},
                         {"missing", utf8(missing)}, {"unexpected", utf8(unexpected)}, {"dropped", utf8(dropped)},
                         {"complete", is_complete()}};
  json["mismatched"] = nlohmann::json::array();
  for (const auto& entry : mismatched) {
    json["mismatched"].push_back({{"name", utf8(entry.name)}, {"found", entry.found}, {"expected", entry.expected}});
  }
  json["renamed"] = nlohmann::json::array();
  for (const auto& entry : renamed) json["renamed"].push_back({{"from", utf8(entry.from)}, {"to", utf8(entry.to)}});
  json["adapted"] = nlohmann::json::array();
  for (const auto& entry : adapted) json["adapted"].push_back({{"name", utf8(entry.name)}, {"what", utf8(entry.text)}});
  return json;
}

LoadReport begin_report(const Checkpoint& checkpoint, const Plan& plan) {
  LoadReport report;
  report.file = checkpoint.path;
  report.container = to_string(checkpoint.container);
  report.origin = plan.origin;
  report.unwrapped = checkpoint.unwrapped;
  report.stripped = checkpoint.stripped;
  report.dropped = plan.dropped;
  report.unexpected = plan.unmatched;
  report.unexpected.insert(report.unexpected.end(), plan.conflicting.begin(), plan.conflicting.end());
  for (const auto& step : plan.steps) {
    if (step.is_plain() && step.sources == step.targets) continue;
    report.renamed.push_back({join(step.sources, " + "), join(step.targets, " + ")});
  }
  return report;
}

LoadError::LoadError(LoadReport report)
    : Error(ErrorKind::weights, printable(report.file),
            "does not fit " + (report.model.empty() ? "the model" : report.model) + ": " + report.problems() +
                (report.contents.empty() ? "" : "; " + report.contents) +
                (report.advice.empty() ? "" : "; it would fit with " + report.advice)),
      report_(std::make_shared<const LoadReport>(std::move(report))) {}

}  // namespace vitral::weights
