/// What is written of each epoch: lines of JSON, a table, curves.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "train/evaluation.h"
#include "train/state.h"

namespace vitral::train {

/// The line of an epoch that has just ended:
/// {"schema":"vitral.epoch/1","epoch":…,"step":…,"lr":…,"train":{…},"val":{…}}. Nothing in it depends on the clock but
/// "seconds" and "images_per_s".
std::string epoch_record(std::uint64_t epoch, const RunState& state, double lr,
                         const std::optional<Evaluation>& evaluation);

/// Whether `line` is such a record: everything here and in curves.h may be given it.
bool is_epoch_record(const std::string& line);

/// All lines, each ended by a newline.
std::string lines_of(const std::vector<std::string>& history);

/// The same as CSV, a column a number, named "train.loss" and so on.
std::string table_of(const std::vector<std::string>& history);

}  // namespace vitral::train
