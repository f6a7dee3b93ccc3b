// vitral: vision Transformers and detection from the command line. See docs/guide.md.
#include <c10/util/Exception.h>

#include <unistd.h>

#include <new>

#include "apps/command.h"
#include "apps/config.h"
#include "apps/live_stream.h"
#include "common/core/error.h"
#include "common/core/memory.h"
#include "common/core/text.h"
#include "video/live/isolated_source.h"

namespace {

using vitral::ErrorKind;
using vitral::apps::Context;

void build(CLI::App& root, Context& context) {
  using namespace vitral::apps;
  root.require_subcommand(1);
  root.get_formatter()->column_width(34);
  add_classify(root, context);
  add_detect(root, context);
  add_track(root, context);
  add_forward(root, context);
  add_preprocess(root, context);
  add_data(root, context);
  add_weights(root, context);
  add_eval(root, context);
  add_train(root, context);
  add_models(root, context);
  add_bench(root, context);
  add_text(root, context);
  add_compare(root, context);
  add_explain(root, context);
  add_export(root, context);
  add_serve(root, context);
  add_doctor(root, context);
  add_version(root, context);
  add_completion(root, context);
  root.set_version_flag("--version", "vitral " VITRAL_VERSION);
  root.footer(
      "Every subcommand has its own --help. Example:\n  vitral classify -m efficientnet_lite0 -w "
      "efficientnet-lite0.pth photo.jpg");
  add_config_flags(root);
}

/// Later values of a flag win, so that a config file can be overridden.
void take_last(CLI::App& app) {
  for (auto* option : app.get_options()) {
    if (!option->get_positional() && option->get_items_expected_max() == 1)
      option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  for (auto* sub : app.get_subcommands({})) take_last(*sub);
}

/// CLI11's complaint as one line that names the nearest flag or subcommand.
std::string complaint(const CLI::App& root, const std::vector<std::string>& arguments, const CLI::ParseError& error) {
  const CLI::App& app = vitral::apps::named_command(root, arguments);
  std::string text = vitral::printable(error.what(), 1'000);
  std::vector<std::string> known;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) known.push_back("--" + name);
    for (const auto& name : option->get_snames()) known.push_back("-" + name);
  }
  for (const auto* sub : app.get_subcommands({})) known.push_back(sub->get_name());
  const auto unknown = [&](const std::string& kind, const std::string& word) {
    const auto nearest = vitral::nearest_names(word, known, 1);
    return kind + " '" + vitral::printable(word, 200) + "' is unknown" +
           (nearest.empty() ? "" : "; nearest: " + nearest.front()) + " ('vitral " +
           (&app == &root ? "" : app.get_name() + " ") + "--help' lists all)";
  };
  for (const auto& argument : arguments) {
    const auto word = argument.substr(0, argument.find('='));
    const bool is_flag = word.size() > 1 && word[0] == '-' && !std::isdigit(static_cast<unsigned char>(word[1]));
    if (is_flag && dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr &&
        std::find(known.begin(), known.end(), word) == known.end()) {
      return unknown("flag", word);
    }
    // The first word behind the named (sub)command is the one that is no subcommand of it.
    const bool is_part_of_command =
        app.get_name() == word || (app.get_parent() != nullptr && app.get_parent()->get_name() == word);
    if (!is_flag && !is_part_of_command && !app.get_subcommands({}).empty()) return unknown("subcommand", word);
  }
  return text;
}

bool asks_for_config(const CLI::App& root, const std::vector<std::string>& arguments) {
  const auto* option = vitral::apps::named_command(root, arguments).get_option_no_throw("--print-config");
  return option != nullptr && option->count() > 0;
}

int run(int argc, char** argv, Context& context) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments == std::vector<std::string>{vitral::apps::kDecoderArgument})
    return vitral::video::decode_for_parent(STDIN_FILENO);
  CLI::App root("Vision Transformers and detection: classify pictures, convert and measure models.", "vitral");
  build(root, context);
  take_last(root);
  try {
    arguments = vitral::apps::expand_config(root, arguments);
    auto reversed = std::vector<std::string>(arguments.rbegin(), arguments.rend());  // CLI11 takes them from the back
    root.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    context.console.result(vitral::apps::named_command(root, arguments).help());
    return 0;
  } catch (const CLI::CallForVersion&) {
    context.console.result("vitral " VITRAL_VERSION "\n");
    return 0;
  } catch (const CLI::ParseError& error) {
    throw vitral::Error(ErrorKind::usage, "", complaint(root, arguments, error));
  }
  if (asks_for_config(root, arguments)) {
    context.console.result(vitral::apps::print_config(vitral::apps::named_command(root, arguments)));
    return 0;
  }
  return context.run();
}

}  // namespace

int main(int argc, char** argv) {
  vitral::apps::secure_standard_streams();
  vitral::keep_freed_memory();
  Context context;
  const auto fail = [&](ErrorKind kind, std::string_view text) {
    context.console.error(text);
    return static_cast<int>(kind);
  };
  try {
    return run(argc, argv, context);
  } catch (const vitral::apps::ClosedPipe&) {
    return 0;
  } catch (const vitral::Error& error) {
    return fail(error.kind(), error.what());
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    const bool memory =
        text.find("not enough memory") != std::string::npos || text.find("out of memory") != std::string::npos;
    if (memory)
      return fail(ErrorKind::unavailable,
                  "out of memory: " + vitral::printable(text, 300) + " (a smaller --batch or --imgsz needs less)");
    return fail(ErrorKind::failed, "LibTorch: " + vitral::printable(text, 1'000));
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::unavailable, "out of memory (a smaller --batch or --imgsz needs less)");
  } catch (const std::exception& error) {
    return fail(ErrorKind::failed, error.what());
  }
}
