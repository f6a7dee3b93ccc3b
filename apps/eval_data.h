/// A split of a data set as an evaluation needs it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/runtime/native.h"
#include "datasets/dataset.h"

namespace vitral::apps {

/// Opens `split` of a data set of any format, or the one to judge on where it is empty.
std::unique_ptr<Dataset> open_judging_data(const std::string& path, const std::string& split);
/// The same. What breaks a rule is thrown as Error(input), and a set for another task
/// as Error(usage).
std::unique_ptr<Dataset> open_eval_data(const std::string& path, const std::string& split, Task task);

/// The set's category id of each of the model's classes, -1 for one that the set has not. Classes of one name are the
/// same; where no name is, the ids of the model's record are the set's. Throws Error(input) where they share no class.
std::vector<std::int64_t> shared_categories(const NativeRecord& model, const Classes& classes);

}  // namespace vitral::apps
