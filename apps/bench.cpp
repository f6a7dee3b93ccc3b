// vitral bench: how fast networks compute here.
#include <ATen/Parallel.h>
#include <ATen/ops/randn.h>

#include <nlohmann/json.hpp>

#include "apps/command.h"
#include "apps/flags.h"
#include "apps/json_sink.h"
#include "apps/machine.h"
#include "apps/records.h"
#include "common/core/stop_watch.h"
#include "common/core/text.h"

namespace vitral::apps {
namespace {

struct BenchFlags {
  ConsoleFlags console;
  ModelFlags model;
  ComputeFlags compute;
  OutputFlags output;
  int warmup = 10, iters = 50;
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const auto end = std::min(text.find(',', begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

/// {height, width} of the input. Detectors whose input follows the picture's shape get what they would make of the
/// commonest picture, 4 to 3, unless --imgsz names both sides.
std::array<std::int64_t, 2> input_size(const LoadedModel& model, const ModelFlags& flags) {
  if (model.record.height > 0) return {model.record.height, model.record.width};
  const auto named = flags.image_size();
  if (named && (*named)[0] != (*named)[1]) return *named;
  const std::int64_t shorter = model.record.preprocess.resize;
  return {shorter, shorter * 4 / 3};
}

/// Of a detector from the input to the final detections, suppression included.
double timed_ms(const LoadedModel& model, const at::Tensor& images) {
  StopWatch watch;
  if (model.entry->task == Task::detect) {
    model.detect({images, {}}, DetectOptions{});
  } else {
    model.logits(images);
  }
  return watch.lap();
}

nlohmann::ordered_json measure(const std::string& name, const BenchFlags& flags, Console& console) {
  ModelFlags one = flags.model;
  one.model = name;
  const auto model = load(one, flags.compute, console, /*allow_random=*/true);
  at::manual_seed(flags.model.seed);
  const auto [height, width] = input_size(model, one);
  const auto images = at::randn({flags.compute.batch, model.record.in_chans, height, width});
  for (int i = 0; i < flags.warmup; ++i) timed_ms(model, images);
  std::vector<double> times;
  for (int i = 0; i < flags.iters; ++i) {
    times.push_back(timed_ms(model, images));
    console.progress("bench " + name, static_cast<std::uint64_t>(i) + 1, static_cast<std::uint64_t>(flags.iters));
  }
  std::int64_t params = 0;
  for (const auto& parameter : model.net->module().parameters()) params += parameter.numel();
  const double fastest = *std::min_element(times.begin(), times.end());
  const double bytes_each = flags.compute.precision == "fp32" ? 4.0 : 2.0;
  return {{"model", name},
          {"precision", flags.compute.precision},
          {"input", {height, width}},
          {"batch", flags.compute.batch},
          {"threads", at::get_num_threads()},
          {"device", flags.compute.device == "auto" ? "cpu" : flags.compute.device},
          {"weights", model.checkpoint ? model.checkpoint->path : "random (seed " + std::to_string(flags.model.seed) + ")"},
          {"ms", {{"min", fastest}, {"p50", percentile(times, 50)}, {"p90", percentile(times, 90)}, {"p99", percentile(times, 99)}}},
          {"images_per_s", 1000.0 * static_cast<double>(flags.compute.batch) / percentile(times, 50)},
          {"params", params},
          {"gmacs", model.entry->gmacs},
          {"peak_rss_mb", peak_rss_mb()},
          {"weights_mb", static_cast<double>(params) * bytes_each / 1e6}};
}

int run(const BenchFlags& flags, Console& console) {
  JsonSink json(console, flags.output.json, flags.output.overwrite);
  auto rows = nlohmann::ordered_json::array();
  std::string text = "model                                     precision batch threads      min      p50      p90      p99 ms  images/s\n";
  for (const auto& name : split(flags.model.model)) {
    rows.push_back(measure(name, flags, console));
    const auto& row = rows.back();
    char line[256];
    std::snprintf(line, sizeof line, "%-41s %-9s %5lld %7d %8.2f %8.2f %8.2f %8.2f    %8.2f\n", name.c_str(),
                  row["precision"].get<std::string>().c_str(), static_cast<long long>(flags.compute.batch), row["threads"].get<int>(),
                  row["ms"]["min"].get<double>(), row["ms"]["p50"].get<double>(), row["ms"]["p90"].get<double>(), row["ms"]["p99"].get<double>(),
                  row["images_per_s"].get<double>());
    text += line;
  }
  console.end_progress();
  if (json) json.write(json_line({{"schema", "vitral.bench/1"}, {"machine", machine_json()}, {"rows", rows}}));
  json.finish();
  if (!flags.output.json_on_stdout()) console.result(text);
  return 0;
}

}  // namespace

void add_bench(CLI::App& root, Context& context) {
  auto flags = std::make_shared<BenchFlags>();
  auto* app = root.add_subcommand("bench", "how fast networks compute here");
  flags->model.add(*app);
  app->add_option("--warmup", flags->warmup, "runs that are not counted")->check(CLI::Range(0, 1'000'000))->capture_default_str();
  app->add_option("--iters", flags->iters, "runs that are counted")->check(CLI::Range(1, 10'000'000))->capture_default_str();
  flags->compute.add(*app);
  flags->output.add_json(*app);
  flags->console.add(*app);
  app->footer("Example:\n  vitral bench -m vit_base_patch16_224,resnet50 --precision bf16 --threads 2");
  app->callback([flags, &context] {
    context.run = [flags, &context] {
      flags->console.apply(context.console);
      flags->model.image_size();
      return run(*flags, context.console);
    };
  });
}

}  // namespace vitral::apps
