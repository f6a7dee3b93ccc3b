#include "apps/config.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "common/core/error.h"
#include "common/core/file.h"
#include "common/core/text.h"

namespace vitral::apps {
namespace {

std::vector<std::string> long_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back(name);
  }
  return names;
}

/// `key = value` as arguments.
std::vector<std::string> as_flags(const CLI::App& app, const std::string& key, const std::vector<std::string>& values,
                                  const std::string& subject) {
  const CLI::Option* option = app.get_option_no_throw("--" + key);
  if (option == nullptr || key == "config" || key == "set" || key == "print-config" || key == "help") {
    const auto nearest = nearest_names(key, long_names(app), 1);
    throw Error(ErrorKind::usage, subject, "'" + printable(key, 200) + "' is no flag of '" + app.get_name() + "'" +
                                               (nearest.empty() ? "" : "; nearest: " + nearest.front()));
  }
  const std::string value = values.empty() ? "true" : values.back();
  if (option->get_items_expected_max() == 0) {  // a switch
    if (value == "false" || value == "0") return {};
    if (value == "true" || value == "1") return {"--" + key};
    throw Error(ErrorKind::usage, subject, "'" + key + "' is a switch, expected true or false, found '" + printable(value, 100) + "'");
  }
  return {"--" + key + "=" + value};
}

std::vector<std::string> from_file(const CLI::App& app, const std::string& path) {
  const std::string text = read_file(path, ErrorKind::usage, 1u << 20);
  if (!is_utf8(text)) throw Error(ErrorKind::usage, printable(path), "is not UTF-8");
  std::vector<std::string> flags;
  try {
    std::istringstream stream(text);
    for (const auto& item : CLI::ConfigTOML().from_config(stream)) {
      if (item.name == "++" || item.name == "--") continue;  // CLI11's marks of sections
      if (!item.parents.empty() && item.parents.front() != app.get_name()) continue;  // another subcommand's table
      const auto made = as_flags(app, item.name, item.inputs, printable(path));
      flags.insert(flags.end(), made.begin(), made.end());
    }
  } catch (const CLI::Error& error) {
    throw Error(ErrorKind::usage, printable(path), std::string("is no TOML that can be read: ") + printable(error.what(), 300));
  }
  return flags;
}

/// The value of an argument `--name VALUE` or `--name=VALUE` at `i`, which is moved past it; nothing where it is another.
std::optional<std::string> take(const std::vector<std::string>& arguments, std::size_t& i, const std::string& name) {
  const std::string& argument = arguments[i];
  if (argument.starts_with(name + "=")) return argument.substr(name.size() + 1);
  if (argument != name) return std::nullopt;
  if (i + 1 == arguments.size()) throw Error(ErrorKind::usage, name, "needs a value");
  return arguments[++i];
}

}  // namespace

const CLI::App& named_command(const CLI::App& root, const std::vector<std::string>& arguments) {
  const CLI::App* app = &root;
  for (const auto& argument : arguments) {
    const CLI::App* next = nullptr;
    for (const auto* sub : app->get_subcommands({})) {
      if (sub->get_name() == argument) next = sub;
    }
    if (next == nullptr) break;
    app = next;
  }
  return *app;
}

std::vector<std::string> expand_config(const CLI::App& root, const std::vector<std::string>& arguments) {
  const CLI::App& app = named_command(root, arguments);
  std::vector<std::string> configured, plain, set;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (const auto path = take(arguments, i, "--config")) {
      const auto made = from_file(app, *path);
      configured.insert(configured.end(), made.begin(), made.end());
    } else if (const auto pair = take(arguments, i, "--set")) {
      const auto equals = pair->find('=');
      if (equals == std::string::npos) throw Error(ErrorKind::usage, "--set", "'" + printable(*pair, 200) + "' is not KEY=VALUE");
      const auto made = as_flags(app, pair->substr(0, equals), {pair->substr(equals + 1)}, "--set");
      set.insert(set.end(), made.begin(), made.end());
    } else {
      plain.push_back(arguments[i]);
    }
  }
  // Later values of a flag win; the names of the subcommand come first.
  std::size_t depth = 0;
  for (const CLI::App* each = &app; each != &root; each = each->get_parent()) ++depth;
  std::vector<std::string> result(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(depth));
  result.insert(result.end(), configured.begin(), configured.end());
  // Before a "--", which makes everything behind it an input.
  const auto inputs = std::find(plain.begin() + static_cast<std::ptrdiff_t>(depth), plain.end(), "--");
  result.insert(result.end(), plain.begin() + static_cast<std::ptrdiff_t>(depth), inputs);
  result.insert(result.end(), set.begin(), set.end());
  result.insert(result.end(), inputs, plain.end());
  return result;
}

std::string print_config(const CLI::App& app) {
  std::string text;
  for (const auto* option : app.get_options()) {
    const auto& names = option->get_lnames();
    if (names.empty() || names.front() == "help" || names.front() == "config" || names.front() == "set" || names.front() == "print-config") continue;
    const bool is_switch = option->get_items_expected_max() == 0;
    std::string value = is_switch ? (option->count() > 0 ? "true" : "false") : option->count() > 0 ? option->results().back() : option->get_default_str();
    if (value.empty()) continue;
    const bool bare = is_switch || value.find_first_not_of("0123456789.-") == std::string::npos;
    text += names.front() + " = " + (bare ? value : nlohmann::json(value).dump()) + "\n";
  }
  return text;
}

void add_config_flags(CLI::App& root) {
  for (auto* app : root.get_subcommands({})) {
    if (!app->get_subcommands({}).empty()) add_config_flags(*app);
    app->add_option("--config", "TOML file of flags (keys are the long names)")->type_name("FILE");
    app->add_option("--set", "one flag, stronger than all others")->type_name("KEY=VALUE");
    app->add_flag_function("--print-config", [](std::int64_t) {}, "print what all flags are set to, and stop");
  }
}

}  // namespace vitral::apps
