// vitral explain: what a network looks at in a picture.
#include <algorithm>
#include <charconv>

#include "apps/command.h"
#include "apps/explain_page.h"
#include "apps/explain_run.h"
#include "apps/heat_map.h"
#include "apps/one_input.h"
#include "apps/records.h"
#include "common/core/text.h"
#include "common/image/draw.h"

namespace vitral::apps {
namespace {

namespace fs = std::filesystem;

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

/// One network's look at the picture.
struct Look {
  LoadedModel model;
  OneInput input;
  ExplainPanel panel;
};

class ExplainRun {
 public:
  ExplainRun(const ExplainFlags& flags, Console& console)
      : flags_(flags),
        console_(console),
        json_(console, flags.output.json, flags.output.overwrite),
        folder_(flags.output) {}

  int run() {
    auto look = look_with(flags_.model, flags_.options, flags_.class_name);
    write_raw(look);
    write_overlays(look.panel);
    std::vector<ExplainPanel> panels{look.panel};
    for (const auto& name : flags_.beside) panels.push_back(look_beside(name, look.panel.explanation.method));
    folder_.write_page(explain_html(panels));
    report(look);
    return 0;
  }

 private:
  Look look_with(const ModelFlags& model, ExplainOptions options, const std::string& class_name) {
    auto compute = flags_.compute;
    compute.cuda_graphs = "off";  // layers are asked to keep their weights, which a recording would not do
    Look look{load(model, compute, console_, /*allow_random=*/true), {}, {}};
    const auto& record = look.model.record;
    if (!class_name.empty()) options.class_id = class_of(class_name, record.labels);
    look.input = read_one(flags_.input, look.model);
    const auto& batch = look.input.batch;
    if (batch.images.size(0) != 1) {
      throw Error(ErrorKind::usage, printable(flags_.input, 200),
                  "holds " + std::to_string(batch.images.size(0)) + " pictures, expected one");
    }
    auto& panel = look.panel;
    panel.model = look.model.entry->name;
    panel.source = fs::path(flags_.input).filename().string();
    panel.explanation = explain(look.model, batch, options);
    panel.view = view_of(batch.images[0], record.preprocess);
    for (const auto& target : panel.explanation.targets) panel.labels.push_back(label_of(target, record.labels));
    return look;
  }

  /// Another network as its first method shows it, or by gradients of the same class where those are asked for.
  ExplainPanel look_beside(const std::string& name, ExplainMethod method) {
    ModelFlags model;
    model.model = name;
    model.seed = flags_.model.seed;
    ExplainOptions options;
    options.detect = flags_.options.detect;
    const bool by_gradient = flags_.options.method && method == ExplainMethod::gradient;
    if (by_gradient) options.method = method;
    return look_with(model, options, by_gradient ? flags_.class_name : "").panel;
  }

  static std::string label_of(const ExplainTarget& target, const std::vector<std::string>& labels) {
    const auto i = static_cast<std::size_t>(target.class_id);
    return i < labels.size() && !labels[i].empty() ? labels[i] : "class " + std::to_string(target.class_id);
  }

  void write_raw(const Look& look) {
    const auto& found = look.panel.explanation;
    weights::StateDict state;
    state.insert("maps", found.maps.contiguous());
    for (const auto& layer : found.layers) {
      state.insert(layer.layer.name + ".weights", layer.weights);
      if (layer.locations.defined()) state.insert(layer.layer.name + ".locations", layer.locations);
      if (layer.windows.defined()) state.insert(layer.layer.name + ".windows", layer.windows);
    }
    folder_.write_raw(state, look.panel.model, found.method);
  }

  void write_overlays(const ExplainPanel& panel) {
    const auto& found = panel.explanation;
    for (std::size_t i = 0; i < found.targets.size(); ++i) {
      const auto& target = found.targets[i];
      auto picture = overlay(panel.view, found.maps[static_cast<std::int64_t>(i)]);
      std::string name = "overlay.png";
      if (target.box) {
        draw_target(picture, found, target, panel.labels[i]);
        name = "overlay_" + std::to_string(static_cast<std::int64_t>(i) + flags_.options.box.value_or(0)) + ".png";
      }
      folder_.write(name, image::encode_png(picture));
    }
  }

  /// The detection's box, and where its query took samples.
  void draw_target(image::Image& picture, const Explanation& found, const ExplainTarget& target,
                   const std::string& label) const {
    const auto& shown = found.layers[found.shown];
    if (shown.locations.defined()) {
      const auto of_query = [&](const at::Tensor& x) {
        const auto heads = x[target.query];  // [H, ...]
        return flags_.options.head ? of_heads(heads, flags_.options.head) : heads;
      };
      draw_samples(picture, of_query(shown.locations), of_query(shown.weights));
    }
    const auto& box = *target.box;
    const image::LabelledBox drawn{box[0], box[1], box[2], box[3], label, static_cast<int>(target.class_id)};
    image::draw_boxes(picture, {&drawn, 1});
  }

  static nlohmann::ordered_json target_json(const Look& look, std::size_t i) {
    const auto& target = look.panel.explanation.targets[i];
    nlohmann::ordered_json json{
        {"class_id", target.class_id}, {"label", look.panel.labels[i]}, {"score", target.score}};
    if (target.box) {
      auto box = Box{(*target.box)[0], (*target.box)[1], (*target.box)[2], (*target.box)[3]};
      const auto& picture = look.input.picture;
      if (picture) box = to_source(look.model.record.preprocess, picture->inputs.front().placement, box);
      json["box"] = {{"xmin", box.xmin}, {"ymin", box.ymin}, {"xmax", box.xmax}, {"ymax", box.ymax}};
    }
    return json;
  }

  void report(const Look& look) {
    const auto& found = look.panel.explanation;
    auto targets = nlohmann::ordered_json::array(), layers = nlohmann::ordered_json::array();
    std::string text = std::string(to_string(found.method)) + " of " + printable(flags_.input, 200) + "\n";
    for (std::size_t i = 0; i < found.targets.size(); ++i) {
      targets.push_back(target_json(look, i));
      char score[32];
      std::snprintf(score, sizeof score, "%7.2f%%  ", 100 * found.targets[i].score);
      text += score + printable(look.panel.labels[i], 200) + "\n";
    }
    for (const auto& layer : found.layers)
      layers.push_back({{"name", layer.layer.name}, {"weights", layer.weights.sizes().vec()}});
    for (const auto& file : folder_.files()) text += "written: " + printable(file) + "\n";
    if (json_) {
      json_.write(json_line({{"schema", "vitral.explain/1"},
                             {"source", flags_.input},
                             {"model", look.panel.model},
                             {"method", to_string(found.method)},
                             {"map", {found.maps.size(1), found.maps.size(2)}},
                             {"targets", targets},
                             {"layers", layers},
                             {"files", folder_.files()}}));
    }
    json_.finish();
    if (!flags_.output.json_on_stdout()) console_.result(text);
  }

  const ExplainFlags& flags_;
  Console& console_;
  JsonSink json_;
  ExplainFolder folder_;
};

}  // namespace

void add_explain(CLI::App& root, Context& context) {
  auto flags = std::make_shared<ExplainFlags>();
  auto& options = flags->options;
  auto* app = root.add_subcommand("explain", "what a network looks at in a picture");
  auto* input = app->add_option("INPUT", flags->input,
                                "a picture, - for standard input, or safetensors with images F32 [1, C, H, W]");
  auto* sentence = app->add_option("--text", flags->sentence,
                                   "a sentence instead, for a text model: a folder of BERT, or a file of vitral text "
                                   "train --task seq2seq")
                       ->type_name("SENTENCE")
                       ->excludes(input);
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
  app->add_option("--beside", flags->beside, "another model, by name or file, on the same page; may be repeated")
      ->type_name("MODEL");
  flags->compute.add(*app);
  flags->output.add_json(*app);
  flags->output.add_output(*app, "folder for index.html, overlays as PNG and attention.safetensors");
  app->get_option("--output")->required();
  flags->console.add(*app);
  app->footer(
      "Examples:\n  vitral explain cat.jpg -m vit_base_patch16_224 -w vit.safetensors -o looks\n"
      "  vitral explain street.jpg -m detr_resnet50 -w detr-r50-e632da11.pth --box 0 -o looks\n"
      "  vitral explain --text 'it did not cross the street because it was tired' -m all-MiniLM-L6-v2 -o looks");
  app->callback([flags, sentence, &context] {
    const bool is_text = sentence->count() > 0;
    context.run = [flags, is_text, &context] {
      flags->console.apply(context.console);
      flags->model.image_size();
      if (!flags->method.empty()) flags->options.method = method_of(flags->method);
      if (is_text) return explain_text(*flags, context.console);
      if (flags->input.empty()) throw Error(ErrorKind::usage, "INPUT", "is missing: a picture, or --text SENTENCE");
      return ExplainRun(*flags, context.console).run();
    };
  });
}

}  // namespace vitral::apps
