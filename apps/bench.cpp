// vitral bench: how fast networks compute here, and how good they are.
#include <ATen/Parallel.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/bench_report.h"
#include "apps/bench_subject.h"
#include "apps/command.h"
#include "apps/eval_report.h"
#include "apps/json_sink.h"
#include "apps/machine.h"
#include "apps/records.h"
#include "common/core/text.h"
#include "common/runtime/device.h"

namespace vitral::apps {
namespace {

struct BenchFlags {
  ConsoleFlags console;
  OutputFlags output;
  BenchOptions options;
  std::string batches, end_to_end;
  std::vector<std::string> reports, gates;
  int warmup = 10, iters = 50, rounds = 5;
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

std::vector<std::int64_t> batches_of(const BenchFlags& flags) {
  if (flags.batches.empty()) return {flags.options.compute.batch};
  std::vector<std::int64_t> result;
  for (const auto& part : split(flags.batches)) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size() || value < 1 || value > 65536) {
      throw Error(ErrorKind::usage, "--batches", printable(part, 100) + " is no number from 1 to 65536");
    }
    result.push_back(value);
  }
  if (result.empty()) throw Error(ErrorKind::usage, "--batches", "names no batch size");
  return result;
}

/// Throws Error(gate) that names every row with a percentile above its ceiling, in milliseconds.
void check_ceilings(const std::vector<Gate>& ceilings, const nlohmann::ordered_json& rows) {
  std::vector<std::string> above;
  for (const auto& [percentile, most] : ceilings) {
    for (const auto& row : rows) {
      const double ms = row["ms"][percentile].get<double>();
      if (ms <= most) continue;
      char text[96];
      std::snprintf(text, sizeof text, " %s is %.3f ms, at most %.3f were asked for", percentile.c_str(), ms, most);
      above.push_back(row["model"].get<std::string>() + text);
    }
  }
  if (!above.empty()) throw Error(ErrorKind::gate, "--fail-over", join(above, "; "));
}

std::string table(const nlohmann::ordered_json& rows) {
  std::string text =
      "model                                     precision batch threads      min      p50      p90      p99 ms  "
      "images/s\n";
  for (const auto& row : rows) {
    char line[256];
    std::snprintf(line, sizeof line, "%-41s %-9s %5lld %7d %8.2f %8.2f %8.2f %8.2f    %8.2f",
                  row["model"].get<std::string>().c_str(), row["precision"].get<std::string>().c_str(),
                  row["batch"].get<long long>(), row["threads"].get<int>(), row["ms"]["min"].get<double>(),
                  row["ms"]["p50"].get<double>(), row["ms"]["p90"].get<double>(), row["ms"]["p99"].get<double>(),
                  row["images_per_s"].get<double>());
    text += line;
    for (const char* metric : {"top1", "AP"}) {
      if (!row.contains(metric)) continue;
      std::snprintf(line, sizeof line, "  %s %.4f", metric, row[metric].get<double>());
      text += line;
    }
    text += "\n";
  }
  return text;
}

/// How the numbers came about, for the report.
std::string protocol(const BenchFlags& flags, std::size_t networks) {
  std::string text = "Precision " + flags.options.compute.precision + ", " + std::to_string(at::get_num_threads()) +
                     " threads. Each network and batch size ran " + std::to_string(flags.iters) + " times after " +
                     std::to_string(flags.warmup) + " for warming up";
  if (networks > 1) text += ", in " + std::to_string(flags.rounds) + " rounds in which the networks take turns";
  text += flags.options.raw ? ". A detector's time ends with its raw outputs."
                            : ". A detector's time ends with its final detections, suppression included.";
  text += " Peak memory is the whole process's while the network was loaded alone.";
  if (!flags.options.data.empty())
    text += " Accuracy is that of the files that were timed, in this precision, on " +
            (flags.options.split.empty() ? "the validation or test split." : "split " + flags.options.split + ".");
  return text;
}

/// Each network alone, for its memory and its accuracy; then all of them in turns, so that a slow minute of the machine
/// hits them all.
nlohmann::ordered_json measure(const std::vector<std::string>& names, const BenchFlags& flags, Console& console) {
  std::vector<std::unique_ptr<BenchSubject>> subjects;
  for (const auto& name : names) {
    reset_peak_rss();
    auto subject = std::make_unique<BenchSubject>(name, flags.options, console);
    subject->examine();
    subject->time(1, 0);
    subject->set_peak_memory(peak_rss_mb());
    if (names.size() > 1) subject->unload();
    subjects.push_back(std::move(subject));
  }
  for (auto& subject : subjects) subject->load();
  const int rounds = names.size() > 1 ? std::min(flags.rounds, flags.iters) : 1;
  for (int round = 0; round < rounds; ++round) {
    const int share = flags.iters / rounds + (round < flags.iters % rounds ? 1 : 0);
    for (auto& subject : subjects) subject->time(round == 0 ? flags.warmup : 1, share);
  }
  auto rows = nlohmann::ordered_json::array();
  for (const auto& subject : subjects) {
    for (auto& row : subject->rows()) rows.push_back(std::move(row));
  }
  return rows;
}

/// The GPU that computed, where one did.
void add_gpu(nlohmann::ordered_json& machine, const ComputeFlags& compute) {
  std::string why;
  if (const auto gpu = open_gpu(resolve_device(compute.device), why)) machine["gpu"] = gpu_json(gpu->properties());
}

int run(BenchFlags& flags, Console& console) {
  const auto names = split(flags.options.model.model);
  flags.options.batches = batches_of(flags);
  if (!flags.end_to_end.empty()) flags.options.inputs = {flags.end_to_end};
  const auto ceilings = parse_gates(flags.gates, {"min", "p50", "p90", "p99"}, "--fail-over");
  std::vector<BenchReport> reports;
  for (const auto& path : flags.reports) reports.emplace_back(path, flags.output.overwrite);
  JsonSink json(console, flags.output.json, flags.output.overwrite);
  nlohmann::ordered_json bench = {{"schema", "vitral.bench/1"}, {"machine", machine_json()}};
  bench["rows"] = measure(names, flags, console);
  add_gpu(bench["machine"], flags.options.compute);
  bench["protocol"] = protocol(flags, names.size());
  if (json) json.write(json_line(bench));
  json.finish();
  if (!flags.output.json_on_stdout()) console.result(table(bench["rows"]));
  for (const auto& report : reports) console.note("written: " + join(report.write(bench)));
  check_ceilings(ceilings, bench["rows"]);
  return 0;
}

}  // namespace

void add_bench(CLI::App& root, Context& context) {
  auto flags = std::make_shared<BenchFlags>();
  auto* app = root.add_subcommand("bench", "how fast networks compute here, and how good they are");
  auto& options = flags->options;
  options.model.add(*app);
  app->add_option("--warmup", flags->warmup, "runs that are not counted")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  app->add_option("--iters", flags->iters, "runs that are counted")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  app->add_option("--rounds", flags->rounds, "turns that several networks take")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  app->add_option("--batches", flags->batches, "batch sizes, a row each, instead of -b")->type_name("N,N,…");
  app->add_option("--end-to-end", flags->end_to_end, "pictures to take from file to result, stage by stage")
      ->type_name("INPUT");
  app->add_option("--data", options.data, "data sets to judge the same weights on, each network on those of its task")
      ->type_name("DIR");
  app->add_option("--split", options.split, "the split of --data (default: val or test, the one that is there)");
  app->add_flag("--raw", options.raw, "a detector's time ends with its raw outputs, not with its detections");
  app->add_option("--report", flags->reports, "write a report with plots: .html, .md (plots beside it) or .json")
      ->type_name("FILE");
  app->add_option("--fail-over", flags->gates, "exit 6 where a percentile is above so many milliseconds: p99=30")
      ->type_name("NAME=MS");
  options.compute.add(*app);
  flags->output.add_json(*app);
  flags->console.add(*app);
  app->footer("Example:\n  vitral bench -m vit_base_patch16_224,resnet50 --precision bf16 --threads 2");
  app->callback([flags, &context] {
    context.run = [flags, &context] {
      flags->console.apply(context.console);
      flags->options.model.image_size();
      return run(*flags, context.console);
    };
  });
}

}  // namespace vitral::apps
