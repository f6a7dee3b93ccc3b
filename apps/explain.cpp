// vitral explain: what a network looks at in a picture.
#include <algorithm>
#include <charconv>

#include "apps/command.h"
#include "apps/explain_page.h"
#include "apps/flags.h"
#include "apps/json_sink.h"
#include "apps/one_input.h"
#include "apps/output_folder.h"
#include "apps/overlay.h"
#include "apps/records.h"
#include "common/core/text.h"
#include "common/image/draw.h"

namespace vitral::apps {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPage = "index.html";
constexpr const char* kRaw = "attention.safetensors";

struct ExplainFlags {
  ConsoleFlags console;
  ModelFlags model;
  ComputeFlags compute;
  OutputFlags output;
  std::string input, method, class_name;
  ExplainOptions options;
};

ExplainMethod method_of(const std::string& name) {
  using enum ExplainMethod;
  for (const auto method : {rollout, last, gradient, decoder}) {
    if (name == to_string(method)) return method;
  }
  throw Error(ErrorKind::usage, "--method " + printable(name, 100), "expected rollout, last, gradient or decoder");
}

std::int64_t class_of(const std::string& name, const std::vector<std::string>& labels) {
  const auto label = std::find(labels.begin(), labels.end(), name);
  if (label != labels.end()) return label - labels.begin();
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc() && end == name.data() + name.size() && number >= 0) return number;
  throw Error(ErrorKind::usage, "--class " + printable(name, 100),
              "is neither a class number nor one of the model's labels");
}

class ExplainRun {
 public:
  ExplainRun(ExplainFlags flags, Console& console)
      : flags_(std::move(flags)),
        console_(console),
        folder_(flags_.output.output),
        json_(console, flags_.output.json, flags_.output.overwrite) {
    claim_folder(folder_, {kPage, kRaw, "overlay.png", "overlay_0.png"}, flags_.output.overwrite);
  }

  int run() {
    const auto model = load(flags_.model, flags_.compute, console_, /*allow_random=*/true);
    labels_ = model.record.labels;
    auto& options = flags_.options;
    if (!flags_.class_name.empty()) options.class_id = class_of(flags_.class_name, labels_);
    const auto input = read_one(flags_.input, model);
    if (input.batch.images.size(0) != 1) {
      throw Error(ErrorKind::usage, printable(flags_.input, 200),
                  "holds " + std::to_string(input.batch.images.size(0)) + " pictures, expected one");
    }
    const auto found = explain(model, input.batch, options);
    const auto view = view_of(input.batch.images[0], model.record.preprocess);
    write_raw(found, model);
    write_overlays(found, view);
    write_page(found, view, model);
    report(found, input, model);
    return 0;
  }

 private:
  std::string label_of(const ExplainTarget& target) const {
    const auto i = static_cast<std::size_t>(target.class_id);
    return i < labels_.size() && !labels_[i].empty() ? labels_[i] : "class " + std::to_string(target.class_id);
  }

  void write(const std::string& name, std::span<const std::byte> bytes) {
    AtomicFile file(folder_ / name, flags_.output.overwrite);
    file.write(bytes);
    file.commit();
    files_.push_back((folder_ / name).string());
  }

  void write_raw(const Explanation& found, const LoadedModel& model) {
    weights::StateDict state;
    state.insert("maps", found.maps.contiguous());
    for (const auto& layer : found.layers) {
      state.insert(layer.layer.name + ".weights", layer.weights);
      if (layer.locations.defined()) state.insert(layer.layer.name + ".locations", layer.locations);
      if (layer.windows.defined()) state.insert(layer.layer.name + ".windows", layer.windows);
    }
    weights::save(folder_ / kRaw, state,
                  {{"model", model.entry->name}, {"method", std::string(to_string(found.method))}},
                  flags_.output.overwrite);
    files_.push_back((folder_ / kRaw).string());
  }

  void write_overlays(const Explanation& found, const image::Image& view) {
    for (std::size_t i = 0; i < found.targets.size(); ++i) {
      const auto& target = found.targets[i];
      auto picture = overlay(view, found.maps[static_cast<std::int64_t>(i)]);
      std::string name = "overlay.png";
      if (target.box) {
        const auto& box = *target.box;
        const image::LabelledBox drawn{box[0], box[1],           box[2],
                                       box[3], label_of(target), static_cast<int>(target.class_id)};
        image::draw_boxes(picture, {&drawn, 1});
        name = "overlay_" + std::to_string(static_cast<std::int64_t>(i) + flags_.options.box.value_or(0)) + ".png";
      }
      write(name, image::encode_png(picture));
    }
  }

  void write_page(const Explanation& found, const image::Image& view, const LoadedModel& model) {
    ExplainPage page{model.entry->name, fs::path(flags_.input).filename().string(), view, {}};
    for (const auto& target : found.targets) page.labels.push_back(label_of(target));
    const auto html = explain_html(found, page);
    write(kPage, std::as_bytes(std::span(html)));
  }

  void report(const Explanation& found, const OneInput& input, const LoadedModel& model) {
    auto targets = nlohmann::ordered_json::array(), layers = nlohmann::ordered_json::array();
    std::string text = std::string(to_string(found.method)) + " of " + printable(flags_.input, 200) + "\n";
    for (const auto& target : found.targets) {
      nlohmann::ordered_json json{{"class_id", target.class_id}, {"label", label_of(target)}, {"score", target.score}};
      if (target.box) {
        auto box = Box{(*target.box)[0], (*target.box)[1], (*target.box)[2], (*target.box)[3]};
        if (input.picture) box = to_source(model.record.preprocess, input.picture->inputs.front().placement, box);
        json["box"] = {{"xmin", box.xmin}, {"ymin", box.ymin}, {"xmax", box.xmax}, {"ymax", box.ymax}};
      }
      targets.push_back(json);
      char score[32];
      std::snprintf(score, sizeof score, "%7.2f%%  ", 100 * target.score);
      text += score + printable(label_of(target), 200) + "\n";
    }
    for (const auto& layer : found.layers)
      layers.push_back({{"name", layer.layer.name}, {"weights", layer.weights.sizes().vec()}});
    for (const auto& file : files_) text += "written: " + printable(file) + "\n";
    if (json_) {
      json_.write(json_line({{"schema", "vitral.explain/1"},
                             {"source", flags_.input},
                             {"model", model.entry->name},
                             {"method", to_string(found.method)},
                             {"map", {found.maps.size(1), found.maps.size(2)}},
                             {"targets", targets},
                             {"layers", layers},
                             {"files", files_}}));
    }
    json_.finish();
    if (!flags_.output.json_on_stdout()) console_.result(text);
  }

  ExplainFlags flags_;
  Console& console_;
  fs::path folder_;
  JsonSink json_;
  std::vector<std::string> labels_, files_;
};

}  // namespace

void add_explain(CLI::App& root, Context& context) {
  auto flags = std::make_shared<ExplainFlags>();
  auto& options = flags->options;
  auto* app = root.add_subcommand("explain", "what a network looks at in a picture");
  app->add_option("INPUT", flags->input, "a picture, - for standard input, or safetensors with images F32 [1, C, H, W]")
      ->required();
  flags->model.add(*app);
  app->add_option(
         "--method", flags->method,
         "rollout (over all layers), last (one layer), gradient (for a class; Grad-CAM where there is no global "
         "attention), decoder (detectors); default: what fits the model")
      ->type_name("NAME");
  app->add_option("--layer", options.layer,
                  "attention layer of last and decoder, or the last one of rollout; -1 is the last")
      ->type_name("N");
  app->add_option("--head", options.head, "one head instead of the mean")->type_name("N");
  app->add_option("--box", options.box, "only this detection, 0 is the best")->type_name("N");
  app->add_option("--class", flags->class_name, "class that gradient explains, a number or a label (default: the best)")
      ->type_name("CLASS");
  app->add_option("--conf", options.detect.min_score, "least score of detections")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  flags->compute.add(*app);
  flags->output.add_json(*app);
  flags->output.add_output(*app, "folder for index.html, overlays as PNG and attention.safetensors");
  app->get_option("--output")->required();
  flags->console.add(*app);
  app->footer(
      "Example:\n  vitral explain cat.jpg -m vit_base_patch16_224 -w vit.safetensors -o looks\n"
      "  vitral explain street.jpg -m detr_resnet50 -w detr-r50-e632da11.pth --box 0 -o looks");
  app->callback([flags, &context] {
    context.run = [flags, &context] {
      flags->console.apply(context.console);
      flags->model.image_size();
      if (!flags->method.empty()) flags->options.method = method_of(flags->method);
      return ExplainRun(*flags, context.console).run();
    };
  });
}

}  // namespace vitral::apps
