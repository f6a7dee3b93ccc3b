// vitral export: a network as a file that other runtimes compute, and how far the file is from the network.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/command.h"
#include "apps/flags.h"
#include "apps/json_sink.h"
#include "apps/records.h"
#include "apps/registry.h"
#include "common/core/text.h"
#include "common/runtime/convert.h"
#include "export/half.h"
#include "export/onnx_file.h"
#include "export/verify.h"

namespace vitral::apps {
namespace {

struct ExportFlags {
  ConsoleFlags console;
  ModelFlags model;
  OutputFlags output;
  std::string format = "onnx";
  std::int64_t batch = 1, verify = 0;
  int threads = 0;
  bool dynamic = false, half = false, random = false;
};

LoadedModel load(const ExportFlags& flags, Console& console) {
  ComputeFlags compute;
  compute.device = "cpu";
  compute.threads = flags.threads;
  compute.apply();
  const auto registry = make_registry();
  auto request = flags.model.request();
  request.allow_random = flags.random;
  auto model = load_model(*registry, request);
  model.keep_alive = registry;
  for (const auto& note : model.notes) console.note(note);
  if (model.report && !model.report->is_complete()) console.warning("partly loaded: " + model.report->problems());
  if (!model.checkpoint)
    console.warning(model.entry->name + " has random weights (seed " + std::to_string(flags.model.seed) + ")");
  return model;
}

nlohmann::ordered_json ports(const std::vector<onnx::Port>& ports) {
  auto all = nlohmann::ordered_json::array();
  for (const auto& port : ports) {
    auto shape = nlohmann::ordered_json::array();
    for (const auto size : port.shape)
      shape.push_back(size < 0 ? nlohmann::ordered_json("batch") : nlohmann::ordered_json(size));
    all.push_back({{"name", port.name}, {"shape", shape}});
  }
  return all;
}

/// What was written, and what --verify found.
struct Report {
  const ExportFlags& flags;
  std::string model;
  std::vector<onnx::Port> inputs, outputs;
  std::vector<onnx::OutputError> errors;
  double tolerance = onnx::kTolerance;

  const onnx::OutputError* beyond() const {
    for (const auto& error : errors) {
      if (!(error.relative <= tolerance)) return &error;
    }
    return nullptr;
  }
  nlohmann::ordered_json json() const {
    nlohmann::ordered_json json = {{"schema", "vitral.export/1"},
                                   {"model", model},
                                   {"file", flags.output.output},
                                   {"format", flags.format},
                                   {"bytes", std::filesystem::file_size(flags.output.output)}};
    if (flags.format != "onnx") return json;
    json["inputs"] = ports(inputs);
    json["outputs"] = ports(outputs);
    if (flags.verify == 0) return json;
    auto found = nlohmann::ordered_json::array();
    for (const auto& each : errors)
      found.push_back({{"output", each.output}, {"max_abs", each.max_abs}, {"relative", each.relative}});
    json["verify"] = {
        {"inputs", flags.verify}, {"tolerance", tolerance}, {"passed", beyond() == nullptr}, {"outputs", found}};
    return json;
  }
  std::string text() const {
    std::string text;
    for (const auto& each : errors) {
      char line[200];
      std::snprintf(line, sizeof line, "%-10.40s  max abs %.3e  relative %.3e\n", each.output.c_str(), each.max_abs,
                    each.relative);
      text += line;
    }
    return text;
  }
};

void write_onnx(const ExportFlags& flags, const LoadedModel& model, Report& report) {
  onnx::ExportOptions options;
  options.batch = flags.batch;
  options.dynamic = flags.dynamic;
  options.size = onnx::input_size(model, flags.model.image_size());
  options.seed = flags.model.seed;
  auto graph = onnx::graph_of(model, options);
  if (flags.half) graph = onnx::halved(std::move(graph));
  onnx::write(graph, flags.output.output, VITRAL_VERSION, flags.output.overwrite);
  if (model.checkpoint) model.checkpoint->check();  // its pages were read until here
  report.inputs = graph.inputs;
  report.outputs = graph.outputs;
  if (flags.verify > 0) report.errors = onnx::verify(model, flags.output.output, options, flags.verify);
}

int run(const ExportFlags& flags, Console& console) {
  for (const auto* input : {&flags.model.weights, &flags.model.model}) refuse_same_file(flags.output.output, *input);
  AtomicFile early_check(flags.output.output, flags.output.overwrite);  // before the work, not after it
  JsonSink json(console, flags.output.json, flags.output.overwrite);
  const auto model = load(flags, console);
  Report report{flags, model.entry->name};
  if (flags.half) report.tolerance = onnx::kHalfTolerance;
  if (flags.format == "onnx") {
    write_onnx(flags, model, report);
  } else {
    convert_weights(model, "native", flags.output.output, flags.output.overwrite, flags.half);
  }
  console.note("written: " + printable(flags.output.output) + " (" + flags.format + ")");
  if (json) json.write(json_line(report.json()));
  json.finish();
  if (!flags.output.json_on_stdout() && !report.errors.empty()) console.result(report.text());
  const auto* beyond = report.beyond();
  if (beyond == nullptr) return 0;
  char text[160];
  std::snprintf(text, sizeof text, "output %.40s differs by %.3e, expected at most %.0e", beyond->output.c_str(),
                beyond->relative, report.tolerance);
  throw Error(ErrorKind::gate, printable(flags.output.output), text);
}

/// What only a network's graph can be asked for.
void check(const ExportFlags& flags) {
  if (flags.format == "onnx") return;
  if (flags.dynamic) throw Error(ErrorKind::usage, "--dynamic", "is there for onnx; weights know no batch");
  if (flags.verify > 0)
    throw Error(ErrorKind::usage, "--verify", "is there for onnx; 'vitral weights diff' compares weights");
}

}  // namespace

void add_export(CLI::App& root, Context& context) {
  auto flags = std::make_shared<ExportFlags>();
  auto* app = root.add_subcommand("export", "a network as an ONNX file, or its weights as safetensors");
  flags->model.add(*app);
  app->add_option("--format", flags->format, "what to write")
      ->check(CLI::IsMember({"onnx", "safetensors"}))
      ->capture_default_str();
  flags->output.add_output(*app, "file to write");
  app->get_option("--output")->required();
  app->add_flag("--dynamic", flags->dynamic, "any number of pictures at a time (onnx)");
  app->add_flag("--half", flags->half, "numbers as fp16");
  app->add_option("--verify", flags->verify, "compute the file on N random batches and compare with the network (onnx)")
      ->check(CLI::Range(0, 10'000))
      ->capture_default_str()
      ->type_name("N");
  app->add_option("-b,--batch", flags->batch, "pictures at a time, without --dynamic")
      ->check(CLI::Range(1, 65'536))
      ->capture_default_str();
  app->add_flag("--random", flags->random, "random weights (--seed) where there is no file");
  app->add_option("--threads", flags->threads, "threads to compute with (0: one a core)")
      ->check(CLI::Range(0, 4'096))
      ->capture_default_str();
  flags->output.add_json(*app);
  flags->console.add(*app);
  app->footer("Example:\n  vitral export -m resnet50 -w resnet50.pth -o resnet50.onnx --dynamic --verify 3");
  app->callback([flags, &context] {
    context.run = [flags, &context] {
      flags->console.apply(context.console);
      flags->model.image_size();
      check(*flags);
      return run(*flags, context.console);
    };
  });
}

}  // namespace vitral::apps
