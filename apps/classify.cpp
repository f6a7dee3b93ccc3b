// vitral classify: what is in the pictures.
#include <ATen/ops/softmax.h>
#include <ATen/ops/topk.h>

#include "apps/collate.h"
#include "apps/command.h"
#include "apps/flags.h"
#include "apps/json_sink.h"
#include "apps/picture_stream.h"
#include "apps/report_page.h"
#include "apps/run_report.h"
#include "common/core/stop_watch.h"
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
  std::string labels;
  bool embed = false;
};

std::vector<std::string> read_labels(const std::string& path) {
  const std::string text = read_file(path, ErrorKind::input, 64u << 20);
  std::vector<std::string> labels;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto end = std::min(text.find('\n', begin), text.size());
    auto line = text.substr(begin, end - begin);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    labels.push_back(std::move(line));
    begin = end + 1;
  }
  return labels;
}

/// Prints and collects what the network says of each picture.
class Classification {
 public:
  Classification(const ClassifyFlags& flags, Console& console)
      : flags_(flags),
        console_(console),
        json_(console, flags.output.json, flags.output.overwrite),
        report_(console, json_, flags.output.strict),
        model_(load(flags.model, flags.compute, console)),
        labels_(flags.labels.empty() ? model_.record.labels : read_labels(flags.labels)) {
    if (model_.record.in_chans != 3) throw Error(ErrorKind::usage, "--in-chans", "pictures have 3 channels");
    const auto classes = model_.record.num_classes;
    if (!flags.labels.empty() && static_cast<std::int64_t>(labels_.size()) != classes) {
      throw Error(ErrorKind::input, printable(flags.labels),
                  "holds " + std::to_string(labels_.size()) + " labels, " + model_.entry->name + " has " + std::to_string(classes) + " classes");
    }
    if (!flags.output.output.empty()) page_.emplace(flags.output.output, flags.output.overwrite, model_.entry->name);
  }

  int run() {
    const auto sources = expand_inputs(flags_.inputs);
    report_.set_sources(sources.size());
    for (const auto& source : sources) refuse_same_file(flags_.output.json, source.path.string());
    PictureStream stream(sources, model_.record.preprocess, PrepareOptions{page_ ? 480 : 0});
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
    if (batch.empty()) return;
    std::vector<const PreparedInput*> inputs;
    for (const auto& picture : batch) inputs.push_back(&picture.inputs.front());
    const auto images = stacked_images(inputs);
    StopWatch watch;
    const auto [features, logits] = flags_.embed ? model_.features_and_logits(images) : std::pair(at::Tensor(), model_.logits(images));
    const double forward_ms = watch.lap();
    const auto probabilities = at::softmax(logits, -1);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      batch[i].times.forward = forward_ms / static_cast<double>(batch.size());
      const auto index = static_cast<std::int64_t>(i);
      report(batch[i], probabilities[index], features.defined() ? features[index] : at::Tensor());
    }
    batch.clear();
  }

  std::string label(std::int64_t id) const {
    return id < static_cast<std::int64_t>(labels_.size()) ? labels_[static_cast<std::size_t>(id)] : "class " + std::to_string(id);
  }

  void report(PreparedPicture& picture, const at::Tensor& probabilities, const at::Tensor& features) {
    StopWatch watch;
    const auto count = std::min<std::int64_t>(flags_.topk, probabilities.size(0));
    const auto [scores, ids] = at::topk(probabilities, count);
    auto classes = nlohmann::ordered_json::array();
    std::string text = printable(picture.source.name) + "\n";
    std::vector<std::pair<std::string, float>> best;
    for (std::int64_t k = 0; k < count; ++k) {
      const auto id = ids[k].item<std::int64_t>();
      const auto score = scores[k].item<float>();
      classes.push_back({{"class_id", id}, {"label", label(id)}, {"score", score}});
      char line[32];
      std::snprintf(line, sizeof line, "  %6.2f%%  ", 100.0 * score);
      text += line + printable(label(id)) + "\n";
      best.emplace_back(label(id), score);
    }
    picture.times.postprocess = watch.lap();
    report_.succeeded(picture);
    nlohmann::ordered_json record = {{"schema", "vitral.classes/1"},
                                     {"source", picture.source.name},
                                     {"size", {picture.width, picture.height}},
                                     {"classes", classes},
                                     {"timing_ms", picture.times.json()}};
    if (features.defined()) {
      const auto vector = features.contiguous();
      record["embedding"] = std::vector<float>(vector.const_data_ptr<float>(), vector.const_data_ptr<float>() + vector.numel());
    }
    if (json_) json_.write(json_line(record));
    if (!flags_.output.json_on_stdout()) console_.result(text);
    if (page_) page_->add(picture.source.name, std::move(picture.thumbnail), std::move(best));
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
  std::vector<std::string> labels_;
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
  flags->compute.add(*app);
  flags->output.add_json(*app);
  flags->output.add_output(*app, "folder for an annotated contact sheet and an HTML page");
  flags->output.add_strict(*app);
  flags->console.add(*app);
  app->footer("Example:\n  vitral classify -m vit_base_patch16_224 -w vit_b_16-c867db91.pth photos/ --topk 3");
  app->callback([flags, &context] {
    context.run = [flags, &context] {
      flags->console.apply(context.console);
      flags->model.image_size();  // the command line is checked before any file is opened
      return Classification(*flags, context.console).run();
    };
  });
}

}  // namespace vitral::apps
