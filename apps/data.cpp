// vitral data check, vitral data stats: what is in a data set and what is wrong with it.
#include "apps/data.h"

#include <nlohmann/json.hpp>

#include "apps/data_report.h"
#include "apps/json_sink.h"
#include "apps/records.h"
#include "common/core/text.h"

namespace vitral::apps {
namespace {

DataReport inspect(const DataFlags& flags, Console& console) {
  InspectOptions options;
  options.splits = flags.splits;
  options.on_progress = [&](std::size_t done, std::size_t total) { console.progress("pictures", done, total); };
  auto report = inspect_data(flags.data, flags.data_format(), options);
  console.end_progress();
  return report;
}

int check(const DataFlags& flags, Console& console) {
  JsonSink json(console, flags.output.json, flags.output.overwrite);
  const auto report = inspect(flags, console);
  if (json) json.write(json_line(data_json(report, flags.data)));
  json.finish();
  if (!flags.output.json_on_stdout() && !report.problems.empty()) console.result(problems_text(report));
  if (!report.problems.empty()) {
    throw Error(ErrorKind::input, printable(flags.data, 1'000),
                "has " + std::to_string(report.problems.size()) + " problems: " + problem_counts(report));
  }
  std::size_t pictures = 0, objects = 0;
  for (const auto& stats : report.splits) pictures += stats.pictures, objects += stats.objects;
  if (!flags.output.json_on_stdout()) {
    console.result(std::string(to_string(report.format)) + ": " + std::to_string(report.splits.size()) + " splits, " +
                   std::to_string(pictures) + " pictures, " + std::to_string(objects) + " objects, " +
                   std::to_string(report.classes.size()) + " classes; nothing wrong was found\n");
  }
  return 0;
}

int stats(const DataFlags& flags, Console& console) {
  JsonSink json(console, flags.output.json, flags.output.overwrite);
  const auto report = inspect(flags, console);
  if (json) json.write(json_line(data_json(report, flags.data)));
  json.finish();
  if (!flags.output.json_on_stdout()) console.result(stats_text(report));
  if (!report.problems.empty())
    console.warning("left out or doubtful: " + problem_counts(report) + " ('vitral data check' names them)");
  return 0;
}

}  // namespace

void DataFlags::add_input(CLI::App& app) {
  app.add_option("DATA", data, "a data set's folder, or a data.yaml")->required();
  app.add_option("--format", format, "instead of recognising it")
      ->check(CLI::IsMember({"folder", "coco", "yolo", "voc", "cifar", "idx"}));
  app.add_option("--split", splits, "train, val and so on; all where it is not given")
      ->delimiter(',')
      ->type_name("NAME");
}

DataFormat DataFlags::data_format() const {
  return format.empty() ? guess_data_format(data) : parse_data_format(format);
}

std::vector<std::string> DataFlags::wanted_splits() const {
  return splits.empty() ? data_splits(data, data_format()) : splits;
}

void add_data_reports(CLI::App& data, Context& context) {
  const auto add = [&](const std::string& name, const std::string& help, int (*action)(const DataFlags&, Console&)) {
    auto flags = std::make_shared<DataFlags>();
    auto* app = data.add_subcommand(name, help);
    flags->add_input(*app);
    flags->output.add_json(*app);
    flags->console.add(*app);
    app->footer("Example:\n  vitral data " + name + " coco/ --split val2017 --json report.json");
    app->callback([flags, action, &context] {
      context.run = [flags, action, &context] {
        flags->console.apply(context.console);
        return action(*flags, context.console);
      };
    });
  };
  add("check", "read every picture and box, name what is wrong; exit code 4 where something is", check);
  add("stats", "sizes, classes, boxes, mean and standard deviation of each split", stats);
}

void add_data(CLI::App& root, Context& context) {
  auto* app = root.add_subcommand("data", "check, describe, convert, split and make data sets");
  app->require_subcommand(1);
  app->footer("Example:\n  vitral data check coco/");
  add_data_reports(*app, context);
  add_data_writers(*app, context);
}

}  // namespace vitral::apps
