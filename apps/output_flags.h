/// The flags that all subcommands share, declared once. They know nothing of LibTorch.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "apps/console.h"
#include "common/core/error.h"

namespace vitral::apps {

/// -q, -v, --log-file, --progress, --no-color.
struct ConsoleFlags {
  ConsoleOptions options;
  bool no_color = false;
  void add(CLI::App& app);
  void apply(Console& console);
};

/// --json, -o, -y, --strict.
struct OutputFlags {
  std::string json, output;
  bool overwrite = false, strict = false;
  void add_json(CLI::App& app);
  void add_output(CLI::App& app, const std::string& help);
  void add_strict(CLI::App& app);
  bool json_on_stdout() const { return json == "-"; }
};

/// Refuses to write onto one of the inputs; Error(usage).
void refuse_same_file(const std::string& output, const std::string& input);

}  // namespace vitral::apps
