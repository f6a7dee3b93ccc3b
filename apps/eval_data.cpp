#include "apps/eval_data.h"

#include <algorithm>

#include "apps/records.h"
#include "common/core/error.h"
#include "common/core/text.h"
#include "datasets/readers/open.h"

namespace vitral::apps {
std::unique_ptr<Dataset> open_judging_data(const std::string& path, const std::string& split) {
  const auto format = guess_data_format(path);
  return open_dataset(path, format, split.empty() ? judging_split(path, format).value_or("val") : split);
}

std::unique_ptr<Dataset> open_eval_data(const std::string& path, const std::string& split, Task task) {
  auto set = open_judging_data(path, split);
  if (set->task() == task) return set;
  const bool detects = task == Task::detect;
  throw Error(ErrorKind::usage, printable(path, 500),
              detects ? "has classes of whole pictures and no boxes, and the model is a detector"
                      : "has boxes, and the model is a classifier");
}

std::vector<std::int64_t> shared_categories(const NativeRecord& model, const Classes& classes) {
  const auto by = [&](const auto& place_of) {
    std::vector<std::int64_t> result;
    for (std::int64_t i = 0; i < model.num_classes; ++i) {
      const auto place = place_of(i);
      result.push_back(place < classes.size() ? classes.ids[place] : -1);
    }
    return result;
  };
  const auto place_in = [](const auto& all, const auto& wanted) {
    return static_cast<std::size_t>(std::find(all.begin(), all.end(), wanted) - all.begin());
  };
  const auto none = [](const auto& ids) { return std::all_of(ids.begin(), ids.end(), [](auto id) { return id < 0; }); };
  auto shared = by([&](std::int64_t i) { return place_in(classes.names, class_label(model, i)); });
  if (none(shared)) shared = by([&](std::int64_t i) { return place_in(classes.ids, category_id(model, i)); });
  if (none(shared)) {
    throw Error(ErrorKind::input, "the data set",
                "has none of the model's classes: " + join(classes.names, ", ").substr(0, 200));
  }
  return shared;
}

}  // namespace vitral::apps
