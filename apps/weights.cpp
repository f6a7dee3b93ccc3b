// vitral weights: show, check, convert and compare checkpoint files.
#include <nlohmann/json.hpp>

#include "apps/command.h"
#include "apps/flags.h"
#include "apps/json_sink.h"
#include "apps/records.h"
#include "apps/registry.h"
#include "apps/weights_diff.h"
#include "common/core/text.h"
#include "common/runtime/convert.h"

namespace vitral::apps {
namespace {

struct WeightsFlags {
  ConsoleFlags console;
  ModelFlags model;
  OutputFlags output;
  std::string file, other, to = "native";
  bool half = false;
};

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::vector<std::string> sizes;
  for (const auto size : shape) sizes.push_back(std::to_string(size));
  return "[" + join(sizes) + "]";
}

nlohmann::ordered_json describe(const weights::Checkpoint& checkpoint) {
  auto tensors = nlohmann::ordered_json::array();
  for (const auto& [name, tensor] : checkpoint.tensors) {
    tensors.push_back({{"name", name}, {"dtype", to_string(tensor.dtype)}, {"shape", tensor.shape}});
  }
  auto metadata = nlohmann::ordered_json::object();
  for (const auto& [key, value] : checkpoint.metadata) metadata[key] = value;
  return {{"schema", "vitral.weights/1"},
          {"file", checkpoint.path},
          {"container", to_string(checkpoint.container)},
          {"bytes", checkpoint.size_bytes()},
          {"unwrapped", checkpoint.unwrapped},
          {"stripped", checkpoint.stripped},
          {"ignored", checkpoint.ignored},
          {"metadata", metadata},
          {"tensors", tensors}};
}

int show(const WeightsFlags& flags, Console& console) {
  const auto checkpoint = weights::open(flags.file);
  JsonSink json(console, flags.output.json, flags.output.overwrite);
  if (json) json.write(json_line(describe(checkpoint)));
  json.finish();
  if (flags.output.json_on_stdout()) return 0;
  std::string text = printable(checkpoint.path) + ": " + std::string(to_string(checkpoint.container)) + ", " +
                     std::to_string(checkpoint.tensors.size()) + " tensors, " + human_bytes(checkpoint.size_bytes());
  if (!checkpoint.unwrapped.empty()) text += ", under '" + printable(join(checkpoint.unwrapped, "']['")) + "'";
  if (!checkpoint.stripped.empty()) text += ", prefix '" + printable(checkpoint.stripped) + "' taken off";
  text += "\n";
  for (const auto& [key, value] : checkpoint.metadata)
    text += "  " + printable(key, 100) + " = " + printable(value, 200) + "\n";
  for (const auto& [name, tensor] : checkpoint.tensors) {
    std::string line = "  " + std::string(to_string(tensor.dtype));
    line.resize(std::max<std::size_t>(line.size() + 1, 8), ' ');
    text += line + printable(name) + " " + shape_text(tensor.shape) + "\n";
  }
  console.result(text);
  return 0;
}

/// Loads `file` into the named model; a native file names it itself.
LoadedModel load_for_report(const WeightsFlags& flags, const std::shared_ptr<const Registry>& registry) {
  auto request = flags.model.request();
  if (request.model.empty()) {
    request.model = flags.file;
  } else {
    request.weights = flags.file;
  }
  auto model = load_model(*registry, request);
  model.keep_alive = registry;
  return model;
}

int check(const WeightsFlags& flags, Console& console) {
  JsonSink json(console, flags.output.json, flags.output.overwrite);
  weights::LoadReport report;
  std::exception_ptr mismatch;
  try {
    report = *load_for_report(flags, make_registry()).report;
  } catch (const weights::LoadError& error) {
    report = error.report();
    mismatch = std::current_exception();
  }
  if (json) json.write(json_line(report.json()));
  json.finish();
  if (!flags.output.json_on_stdout()) console.result(report.text());
  if (mismatch) std::rethrow_exception(mismatch);
  return 0;
}

int convert(const WeightsFlags& flags, Console& console) {
  refuse_same_file(flags.output.output, flags.file);
  AtomicFile early_check(flags.output.output, flags.output.overwrite);
  const auto model = load_for_report(flags, make_registry());
  for (const auto& note : model.notes) console.note(note);
  convert_weights(model, flags.to, flags.output.output, flags.output.overwrite, flags.half);
  console.note("written: " + printable(flags.output.output) + " (" + flags.to + ")");
  return 0;
}

int diff(const WeightsFlags& flags, Console& console) {
  const auto differences = diff_weights(weights::open(flags.file), weights::open(flags.other));
  JsonSink json(console, flags.output.json, flags.output.overwrite);
  if (json) json.write(json_line(differences.json()));
  json.finish();
  if (!flags.output.json_on_stdout()) console.result(differences.text());
  return 0;
}

using Action = int (*)(const WeightsFlags&, Console&);

CLI::App* add_action(CLI::App& parent, Context& context, const std::string& name, const std::string& help,
                     Action action, const std::shared_ptr<WeightsFlags>& flags) {
  auto* app = parent.add_subcommand(name, help);
  app->add_option("FILE", flags->file, "a checkpoint in any readable format")->required();
  flags->console.add(*app);
  app->callback([flags, action, &context] {
    context.run = [flags, action, &context] {
      flags->console.apply(context.console);
      flags->model.image_size();
      return action(*flags, context.console);
    };
  });
  return app;
}

}  // namespace

void add_weights(CLI::App& root, Context& context) {
  auto* app = root.add_subcommand("weights", "show, check, convert and compare checkpoint files");
  app->require_subcommand(1);
  app->footer("Example:\n  vitral weights show swin_t-704ceda3.pth");
  const auto flags = [] { return std::make_shared<WeightsFlags>(); };

  auto of_show = flags();
  auto* on_show = add_action(*app, context, "show", "tensors, metadata and wrappers of a file", show, of_show);
  of_show->output.add_json(*on_show);
  on_show->footer("Example:\n  vitral weights show model.safetensors --json -");

  auto of_check = flags();
  auto* on_check = add_action(*app, context, "check", "which key goes where, and whether all fit", check, of_check);
  of_check->model.add(*on_check, false);
  on_check->remove_option(on_check->get_option("--weights"));
  of_check->output.add_json(*on_check);
  on_check->footer("Example:\n  vitral weights check vit_b_16-c867db91.pth -m vit_base_patch16_224");

  auto of_convert = flags();
  auto* on_convert =
      add_action(*app, context, "convert", "write the weights in another layout, as safetensors", convert, of_convert);
  of_convert->model.add(*on_convert, false);
  on_convert->remove_option(on_convert->get_option("--weights"));
  of_convert->output.add_output(*on_convert, "safetensors to write");
  on_convert->get_option("--output")->required();
  on_convert->add_option("--to", of_convert->to, "layout to write")
      ->check(CLI::IsMember({"native", "timm", "torchvision", "hf", "original"}))
      ->capture_default_str();
  on_convert->add_flag("--half", of_convert->half, "store fp32 numbers as fp16");
  on_convert->footer(
      "Example:\n  vitral weights convert vit_b_16-c867db91.pth -m vit_base_patch16_224 -o vit.safetensors --to timm");

  auto of_diff = flags();
  auto* on_diff =
      add_action(*app, context, "diff", "names, shapes and values that differ between two files", diff, of_diff);
  on_diff->add_option("OTHER", of_diff->other, "the other checkpoint")->required();
  of_diff->output.add_json(*on_diff);
  on_diff->footer("Example:\n  vitral weights diff epoch1.pth epoch2.pth");
}

}  // namespace vitral::apps
