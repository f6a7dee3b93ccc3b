/// Reports on data sets as text and JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "datasets/tools/inspect.h"

namespace vitral::apps {

/// "3 leak, 1 unreadable", empty where there are none.
std::string problem_counts(const DataReport& report);

/// The problems, a few of each kind.
std::string problems_text(const DataReport& report);

/// Sizes, classes and boxes of each split.
std::string stats_text(const DataReport& report);

/// {"schema":"vitral.data/1",…} (docs/guide.md).
nlohmann::ordered_json data_json(const DataReport& report, const std::string& path);

}  // namespace vitral::apps
