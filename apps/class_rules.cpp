#include "apps/class_rules.h"

#include <algorithm>
#include <charconv>

#include "common/core/error.h"
#include "common/core/text.h"

namespace vitral::apps {
namespace {

double score_of(const std::string& text, const std::string& whole) {
  double value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= 0 && value <= 1) return value;
  throw Error(ErrorKind::usage, "--conf",
              "'" + printable(whole, 200) + "' is neither a score from 0 to 1 nor a list such as 0.5,person=0.3");
}

/// A class by its name or number.
std::int64_t class_of(const std::string& text, const char* flag, const std::vector<std::string>& labels,
                      std::int64_t classes) {
  const auto named = std::find(labels.begin(), labels.end(), text);
  if (named != labels.end() && !text.empty()) return named - labels.begin();
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!text.empty() && error == std::errc() && end == text.data() + text.size()) {
    if (number >= 0 && number < classes) return number;
    throw Error(ErrorKind::usage, flag,
                "class " + std::to_string(number) + " does not exist, the model has " + std::to_string(classes));
  }
  std::vector<std::string> names;
  for (const auto& label : labels) {
    if (!label.empty()) names.push_back(label);
  }
  const auto nearest = nearest_names(text, names);
  throw Error(
      ErrorKind::usage, flag,
      "the model has no class '" + printable(text, 100) + "'" + (nearest.empty() ? "" : "; nearest: " + join(nearest)));
}

}  // namespace

Confidence parse_confidence(const std::string& text) {
  Confidence confidence;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const auto end = std::min(text.find(',', begin), text.size());
    const auto part = text.substr(begin, end - begin);
    const auto equals = part.rfind('=');
    if (equals == std::string::npos) {
      confidence.all = score_of(part, text);
    } else {
      confidence.single.emplace_back(part.substr(0, equals), score_of(part.substr(equals + 1), text));
    }
    begin = end + 1;
  }
  return confidence;
}

ClassRules::ClassRules(const Confidence& confidence, const std::vector<std::string>& wanted,
                       const std::vector<std::string>& labels, std::int64_t classes)
    : all_(confidence.all), least_(confidence.all) {
  for (const auto& [name, score] : confidence.single) {
    single_[class_of(name, "--conf", labels, classes)] = score;
    least_ = std::min(least_, score);
  }
  for (const auto& name : wanted) wanted_.insert(class_of(name, "--classes", labels, classes));
}

bool ClassRules::keeps(std::int64_t class_id, double score) const {
  if (!wanted_.empty() && !wanted_.contains(class_id)) return false;
  const auto single = single_.find(class_id);
  return score >= (single == single_.end() ? all_ : single->second);
}

}  // namespace vitral::apps
