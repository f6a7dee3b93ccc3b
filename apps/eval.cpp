// vitral eval: how good detections or a network are.
#include "apps/command.h"
#include "apps/eval_model.h"
#include "apps/eval_report.h"
#include "apps/eval_tracks.h"
#include "apps/json_sink.h"
#include "apps/output_folder.h"
#include "apps/records.h"
#include "common/core/text.h"

namespace vitral::apps {
namespace {

struct EvalFlags {
  ConsoleFlags console;
  EvalModelFlags with_model;
  std::string truth, results, task = "auto", mot_rules = "all";
};

int eval_files(const EvalFlags& all, Console& console) {
  const EvalModelFlags& flags = all.with_model;
  const auto gates = parse_gates(flags.gates, detection_metric_names());
  for (const auto& input : {all.truth, all.results}) refuse_same_file(flags.output.json, input);
  JsonSink json(console, flags.output.json, flags.output.overwrite);
  if (!flags.plots.empty()) claim_folder(flags.plots, plot_files(true), flags.output.overwrite);
  const auto truth = read_coco_instances(all.truth);
  const auto results = read_coco_results(all.results);
  const auto evaluation = evaluate_coco(truth, results);
  const std::string results_name = printable(all.results, 500), truth_name = printable(all.truth, 500);
  report_unknown(evaluation.unknown_images, {results_name, "image", truth_name}, flags.output.strict, console);
  report_unknown(evaluation.unknown_categories, {results_name, "category", truth_name}, flags.output.strict, console);
  if (evaluation.has_id_zero) {
    console.warning(printable(all.truth, 500) +
                    ": an annotation has the id 0, which pycocotools can't find; here it counts like the others");
  }
  write_report(flags, eval_json(evaluation), truth, results, evaluation, json, console);
  check_gates(gates, metrics_of(evaluation));
  return 0;
}

int eval_track_files(const EvalFlags& flags, Console& console) {
  const auto& model = flags.with_model;
  if (flags.truth.empty() || flags.results.empty() || !model.model.model.empty() || !model.data.empty())
    throw Error(ErrorKind::usage, "--task track", "takes --gt and --dt with MOTChallenge text, and nothing else");
  return eval_tracks({flags.truth, flags.results, flags.mot_rules, model.gates}, model.output, console);
}

/// Which of the two ways of calling it is meant. Throws Error(usage) for a mixture and for half of one.
bool evaluates_files(const EvalFlags& flags) {
  const bool files = !flags.truth.empty() || !flags.results.empty();
  const auto& model = flags.with_model;
  if (files && (!model.model.model.empty() || !model.data.empty())) {
    throw Error(ErrorKind::usage, "eval", "takes either --gt and --dt, or -m and --data");
  }
  if (files && (flags.truth.empty() || flags.results.empty()))
    throw Error(ErrorKind::usage, "eval", "needs --gt and --dt together");
  if (!files && (model.model.model.empty() || model.data.empty())) {
    throw Error(ErrorKind::usage, "eval", "needs --gt and --dt, or -m and --data");
  }
  return files;
}

}  // namespace

void add_eval(CLI::App& root, Context& context) {
  auto flags = std::make_shared<EvalFlags>();
  auto& model = flags->with_model;
  auto* app = root.add_subcommand("eval", "measure detections, or a network on a data set");
  app->add_option("--task", flags->task, "track: --gt and --dt are MOTChallenge text, or folders of it")
      ->check(CLI::IsMember({"auto", "track"}))
      ->capture_default_str();
  app->add_option("--gt", flags->truth, "ground truth: COCO instances")->type_name("FILE");
  app->add_option("--dt", flags->results, "detections: COCO results")->type_name("FILE");
  app->add_option("--mot-rules", flags->mot_rules, "what of the ground truth counts: all, or as in MOT17 or MOT20")
      ->check(CLI::IsMember({"all", "mot17", "mot20"}))
      ->capture_default_str();
  model.model.add(*app, false);
  app->add_option("--data", model.data,
                  "data set: DIR/SPLIT/CLASS/pictures, or COCO's DIR/annotations/instances_SPLIT.json")
      ->type_name("DIR");
  app->add_option("--split", model.split, "part of the data set (default: val or test, the one that is there)");
  app->add_flag("--per-class", model.per_class, "also a line for each class");
  app->add_option("--plots", model.plots, "folder for the confusion matrix and precision-recall curves (SVG and CSV)")
      ->type_name("DIR");
  app->add_option("--fail-under", model.gates, "exit 6 where a metric is lower; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  model.compute.add(*app);
  model.output.add_json(*app);
  model.output.add_strict(*app);
  flags->console.add(*app);
  app->footer(
      "Example:\n  vitral eval --gt instances_val2017.json --dt results.json --per-class --plots plots --fail-under "
      "map=0.40\n"
      "  vitral eval -m efficientnet_lite0 -w efficientnet-lite0.pth --data imagenet --split val --fail-under "
      "top1=0.7\n"
      "  vitral eval --task track --gt MOT17/train --dt results --mot-rules mot17");
  app->callback([flags, &context] {
    context.run = [flags, &context] {
      flags->console.apply(context.console);
      flags->with_model.model.image_size();  // the command line is checked before any file is opened
      if (flags->task == "track") return eval_track_files(*flags, context.console);
      return evaluates_files(*flags) ? eval_files(*flags, context.console)
                                     : eval_model(flags->with_model, context.console);
    };
  });
}

}  // namespace vitral::apps
