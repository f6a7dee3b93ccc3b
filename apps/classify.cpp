// vitral classify: what is in the pictures.
#include "apps/classify_engine.h"
#include "apps/command.h"
#include "apps/flags.h"
#include "apps/json_sink.h"
#include "apps/levels.h"
#include "apps/picture_stream.h"
#include "apps/report_page.h"
#include "apps/run_report.h"
#include "common/core/text.h"

namespace vitral::apps {
namespace {

struct ClassifyFlags {
  ConsoleFlags console;
  ModelFlags model;
  ComputeFlags compute;
  OutputFlags output;
  std::vector<std::string> inputs;
  std::int64_t topk = 5;
  std::string labels, shard;
  bool embed = false;
};

/// Prints and collects what the network says of each picture.
class Classification {
 public:
  Classification(const ClassifyFlags& flags, Console& console)
      : flags_(flags),
        console_(console),
        json_(console, flags.output.json, flags.output.overwrite),
        report_(console, json_, flags.output.strict),
        model_(load(flags.model, flags.compute, console)),
        engine_(model_, flags.labels, flags.embed) {
    if (!flags.output.output.empty()) page_.emplace(flags.output.output, flags.output.overwrite, model_.entry->name);
  }

  int run() {
    const auto sources = take_shard(expand_inputs(flags_.inputs), flags_.shard);
    report_.set_sources(sources.size());
    for (const auto& source : sources) refuse_same_file(flags_.output.json, source.path.string());
    PictureStream stream(sources, model_.record.preprocess, {page_ ? 480 : 0, false, {}, levels_for(model_)});
    std::vector<PreparedPicture> batch;
    std::size_t seen = 0;
    while (auto picture = stream.next()) {
      console_.progress("classify", ++seen, stream.size());
      if (!picture->error.empty()) {
        report_.skip(*picture);
        continue;
      }
      batch.push_back(std::move(*picture));
      if (static_cast<std::int64_t>(batch.size()) == flags_.compute.batch) compute(batch);
    }
    compute(batch);
    console_.end_progress();
    return finish();
  }

 private:
  void compute(std::vector<PreparedPicture>& batch) {
    const auto found = engine_.run(batch, flags_.topk);
    for (std::size_t i = 0; i < batch.size(); ++i) report(batch[i], found[i]);
    batch.clear();
  }

  void report(PreparedPicture& picture, const Classified& found) {
    report_.succeeded(picture);
    if (json_) json_.write(json_line(class_record(picture, found)));
    if (!flags_.output.json_on_stdout()) console_.result(class_text(picture, found));
    if (!page_) return;
    std::vector<std::pair<std::string, float>> best;
    for (const auto& [id, label, score] : found.classes) best.emplace_back(label, score);
    page_->add(picture.source.name, std::move(picture.thumbnail), std::move(best));
  }

  int finish() {
    report_.finish();
    if (page_) console_.note("written: " + join(page_->write(), " and "));
    return 0;
  }

  const ClassifyFlags& flags_;
  Console& console_;
  JsonSink json_;
  RunReport report_;
  LoadedModel model_;
  ClassifyEngine engine_;
  std::optional<ReportPage> page_;
};

}  // namespace

void add_classify(CLI::App& root, Context& context) {
  auto flags = std::make_shared<ClassifyFlags>();
  auto* app = root.add_subcommand("classify", "name what is in pictures");
  app->add_option("INPUT", flags->inputs, "pictures, folders, globs, @list.txt, or - for standard input")->required();
  flags->model.add(*app);
  app->add_option("--topk", flags->topk, "classes to report")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  app->add_option("--labels", flags->labels, "class names, one a line")->type_name("FILE");
  app->add_flag("--embed", flags->embed, "add the pooled features to the JSON records");
  add_shard_flag(*app, flags->shard);
  flags->compute.add(*app);
  flags->output.add_json(*app);
  flags->output.add_output(*app, "folder for an annotated contact sheet and an HTML page");
  flags->output.add_strict(*app);
  flags->console.add(*app);
  app->footer("Example:\n  vitral classify -m vit_base_patch16_224 -w vit_b_16-c867db91.pth photos/ --topk 3");
  app->callback([flags, &context] {
    context.run = [flags, &context] {
      flags->console.apply(context.console);
      take_shard({}, flags->shard);
      flags->model.image_size();  // the command line is checked before any file is opened
      return Classification(*flags, context.console).run();
    };
  });
}

}  // namespace vitral::apps
