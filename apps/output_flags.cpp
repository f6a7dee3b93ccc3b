#include "apps/output_flags.h"

#include "common/core/file.h"
#include "common/core/text.h"

namespace vitral::apps {

void ConsoleFlags::add(CLI::App& app) {
  app.add_flag("-q,--quiet", options.quiet, "say nothing but results and errors");
  app.add_flag("-v,--verbose", options.verbose, "say more");
  app.add_option("--log-file", options.log_file, "also write what is said to FILE")->type_name("FILE");
  app.add_option("--progress", options.progress, "progress of long runs")
      ->check(CLI::IsMember({"auto", "plain", "none"}))
      ->capture_default_str();
  app.add_flag("--no-color", no_color, "no colours (also NO_COLOR in the environment)");
}

void ConsoleFlags::apply(Console& console) {
  options.color = !no_color;
  console.configure(options);
}

void OutputFlags::add_json(CLI::App& app) {
  app.add_option("--json", json, "write JSON to FILE, or to standard output for -")->type_name("FILE|-");
  if (app.get_option_no_throw("--overwrite") == nullptr) app.add_flag("-y,--overwrite", overwrite, "replace what exists");
}

void OutputFlags::add_output(CLI::App& app, const std::string& help) {
  app.add_option("-o,--output", output, help)->type_name("PATH");
  if (app.get_option_no_throw("--overwrite") == nullptr) app.add_flag("-y,--overwrite", overwrite, "replace what exists");
}

void OutputFlags::add_strict(CLI::App& app) { app.add_flag("--strict", strict, "a bad input ends the run"); }

void refuse_same_file(const std::string& output, const std::string& input) {
  if (!output.empty() && same_file(output, input)) throw Error(ErrorKind::usage, printable(output), "is an input, it can't be the output too");
}

}  // namespace vitral::apps
