/// The parts of `vitral data`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apps/command.h"
#include "apps/output_flags.h"
#include "datasets/readers/open.h"

namespace vitral::apps {

/// What names a data set on the command line.
struct DataFlags {
  ConsoleFlags console;
  OutputFlags output;
  std::string data, format;
  std::vector<std::string> splits;
  std::uint64_t seed = 0;

  void add_input(CLI::App& app);
  DataFormat data_format() const;
  std::vector<std::string> wanted_splits() const;
};

/// check and stats.
void add_data_reports(CLI::App& data, Context& context);
/// convert, split and make.
void add_data_writers(CLI::App& data, Context& context);

}  // namespace vitral::apps
