// vitral compare: where two models, precisions, devices or checkpoints of one architecture part.
#include "apps/command.h"
#include "apps/flags.h"
#include "apps/json_sink.h"
#include "apps/layer_comparison.h"
#include "apps/one_input.h"
#include "apps/records.h"
#include "common/core/text.h"

namespace vitral::apps {
namespace {

struct CompareFlags {
  ConsoleFlags console;
  ModelFlags model;
  ComputeFlags compute;
  OutputFlags output;
  std::string a, b, input;
  std::vector<std::string> layers;
  double tol = 1e-3;
};

/// One of the two sides: what all flags say, changed by the words of its argument.
struct Side {
  std::string text;
  ModelFlags model;
  ComputeFlags compute;
};

bool is_precision(const std::string& word) {
  return word == "fp32" || word == "bf16" || word == "fp16" || word == "int8" || word == "auto";
}

bool is_device(const std::string& word) {
  return word == "cpu" || word == "cuda" || word.starts_with("cuda:");
}

/// "bf16", "cuda:0", "model.safetensors", "resnet50.tv_in1k@bf16@cpu": words with '@' between them.
Side side_of(const std::string& text, const CompareFlags& flags) {
  Side side{text, flags.model, flags.compute};
  std::size_t begin = 0;
  std::error_code ignored;
  const bool is_one_file = std::filesystem::is_regular_file(text, ignored);  // whatever its name holds
  while (begin <= text.size()) {
    const auto end = is_one_file ? text.size() : std::min(text.find('@', begin), text.size());
    const auto word = text.substr(begin, end - begin);
    begin = end + 1;
    if (word.empty()) {
      throw Error(ErrorKind::usage, printable(text, 200),
                  "expected a model, a file, a precision or a device, with '@' between them");
    } else if (is_precision(word)) {
      side.compute.precision = word;
    } else if (is_device(word)) {
      side.compute.device = word;
    } else if (!side.model.model.empty() && std::filesystem::is_regular_file(word, ignored)) {
      side.model.weights = word;  // of the model that -m names
    } else {
      side.model.model = word;
    }
  }
  if (side.model.model.empty()) {
    throw Error(ErrorKind::usage, printable(text, 200), "says how to compute, not what: -m names the model");
  }
  return side;
}

/// Raw outputs of any network.
NamedTensors outputs(const LoadedModel& model, const PictureBatch& batch) {
  if (model.entry->task == Task::detect) return model.raw(batch);
  return {{"logits", model.logits(batch.images)}};
}

class Comparison {
 public:
  Comparison(const CompareFlags& flags, Console& console) : flags_(flags), console_(console), layers_(flags.layers) {}

  int run() {
    JsonSink json(console_, flags_.output.json, flags_.output.overwrite);
    const Side a = side_of(flags_.a, flags_), b = side_of(flags_.b, flags_);
    PictureBatch batch;
    NamedTensors last;
    {
      const auto model =
          load(a.model, a.compute, console_, true, [&](const auto& name, const auto& y) { layers_.hear_a(name, y); });
      batch = read_one(flags_.input, model).batch;
      last = outputs(model, batch);
    }
    const auto model =
        load(b.model, b.compute, console_, true, [&](const auto& name, const auto& y) { layers_.hear_b(name, y); });
    const auto last_b = outputs(model, batch);
    for (std::size_t i = 0; i < std::min(last.size(), last_b.size()); ++i) {
      if (last[i].second.sizes() == last_b[i].second.sizes()) {
        outputs_.push_back(layer_error(last[i].first, last[i].second, last_b[i].second));
      }
    }
    if (layers_.errors().empty()) {
      throw Error(ErrorKind::usage, printable(flags_.a, 200) + " and " + printable(flags_.b, 200),
                  flags_.layers.empty() ? "have no layer of one name and shape in common"
                                        : "have no layer that --layers names in common");
    }
    report(json);
    return 0;
  }

 private:
  void report(JsonSink& json) {
    const auto* first = layers_.first_beyond(flags_.tol);
    if (json) {
      auto layers = nlohmann::ordered_json::array(), outputs = nlohmann::ordered_json::array();
      for (const auto& error : layers_.errors()) layers.push_back(to_json(error));
      for (const auto& error : outputs_) outputs.push_back(to_json(error));
      json.write(json_line({{"schema", "vitral.compare/1"},
                            {"a", flags_.a},
                            {"b", flags_.b},
                            {"source", flags_.input},
                            {"tol", flags_.tol},
                            {"first", first == nullptr ? nlohmann::ordered_json() : to_json(*first)},
                            {"layers", layers},
                            {"outputs", outputs},
                            {"unmatched", layers_.unmatched()}}));
    }
    json.finish();
    if (!flags_.output.json_on_stdout()) console_.result(text(first));
  }

  std::string text(const LayerError* first) const {
    std::string text = "depth  layer                                            relative     max abs      cosine\n";
    std::size_t depth = 0;
    const auto row = [&](const std::string& number, const LayerError& error) {
      char line[160];
      std::snprintf(line, sizeof line, "%5s  %-46.46s  %10.3e  %10.3e  %10.8f", number.c_str(), error.layer.c_str(),
                    error.relative, error.max_abs, error.cosine);
      text += line + std::string(&error == first ? "  <- first beyond --tol\n" : "\n");
    };
    for (const auto& error : layers_.errors()) row(std::to_string(depth++), error);
    for (const auto& error : outputs_) row("out", error);
    if (const auto unmatched = layers_.unmatched(); !unmatched.empty()) {
      text += std::to_string(unmatched.size()) + " without a counterpart, the first: " + unmatched.front() + "\n";
    }
    char tol[32];
    std::snprintf(tol, sizeof tol, "%g", flags_.tol);
    return text + (first == nullptr ? std::string("no layer is beyond ") + tol + "\n"
                                    : "first layer beyond " + std::string(tol) + ": " + first->layer + "\n");
  }

  const CompareFlags& flags_;
  Console& console_;
  LayerComparison layers_;
  std::vector<LayerError> outputs_;
};

}  // namespace

void add_compare(CLI::App& root, Context& context) {
  auto flags = std::make_shared<CompareFlags>();
  auto* app = root.add_subcommand("compare", "where two models, precisions or checkpoints of one architecture part");
  app->add_option("A", flags->a, "a model, a file, a precision or a device; several with '@' between them")->required();
  app->add_option("B", flags->b, "the other one")->required();
  app->add_option("INPUT", flags->input, "a picture, - for standard input, or safetensors with images F32 [B, C, H, W]")
      ->required();
  flags->model.add(*app, false);
  app->add_option("--layers", flags->layers, "only layers of these names (* and ? match), separated by commas")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("GLOB");
  app->add_option("--tol", flags->tol, "relative error that a layer may have")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  flags->compute.add(*app);
  flags->output.add_json(*app);
  flags->console.add(*app);
  app->footer(
      "Example:\n  vitral compare fp32 bf16 cat.jpg -m vit_base_patch16_224 -w vit.safetensors\n"
      "  vitral compare epoch1.pth epoch2.pth cat.jpg -m resnet50 --layers 'layer4.*'");
  app->callback([flags, &context] {
    context.run = [flags, &context] {
      flags->console.apply(context.console);
      flags->model.image_size();
      return Comparison(*flags, context.console).run();
    };
  });
}

}  // namespace vitral::apps
