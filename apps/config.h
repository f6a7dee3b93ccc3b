/// --config and --set become flags: defaults < config file < flags < --set.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace vitral::apps {

/// The arguments with `--config FILE` and `--set KEY=VALUE` replaced by the flags that they stand for. Keys are long flag
/// names of the named subcommand. Throws Error(usage) for bad TOML and unknown keys.
std::vector<std::string> expand_config(const CLI::App& root, const std::vector<std::string>& arguments);

/// The values that all flags of the subcommand have now, as TOML.
std::string print_config(const CLI::App& app);

/// The subcommand (or its subcommand) that the arguments name; the root where none is named.
const CLI::App& named_command(const CLI::App& root, const std::vector<std::string>& arguments);

/// Declares --config, --set and --print-config on every subcommand, so that help shows them.
void add_config_flags(CLI::App& root);

}  // namespace vitral::apps
