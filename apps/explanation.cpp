#include "apps/explanation.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cstdio>

#include "common/core/error.h"
#include "common/core/text.h"
#include "common/runtime/attention_maps.h"

namespace vitral::apps {
namespace {

bool is_decoder(const AttentionLayer& layer) {
  return layer.kind == AttentionKind::queries || layer.kind == AttentionKind::samples;
}

std::vector<AttentionLayer> layers_of(const LoadedModel& model, std::array<std::int64_t, 2> size) {
  auto* attentive = dynamic_cast<Attentive*>(model.net.get());
  return attentive == nullptr ? std::vector<AttentionLayer>{} : attentive->attention_layers(size);
}

at::Tensor on_cpu(const at::Tensor& x) {
  return x.defined() ? x.detach().to(at::kCPU, at::kFloat).contiguous() : x;
}

/// What a layer recorded of a batch of one picture.
ExplainedLayer take(const AttentionLayer& layer) {
  const auto& record = layer.attention->recorded();
  ExplainedLayer taken{layer, on_cpu(record.weights), on_cpu(record.locations), {}};
  if (record.windows.defined()) {
    taken.windows = record.windows.to(at::kCPU).contiguous();
    taken.layer.grid = record.map;
  } else {
    taken.weights = taken.weights[0];
    if (taken.locations.defined()) taken.locations = taken.locations[0];
  }
  return taken;
}

/// A row of weights over tokens as a map, without the tokens before it.
at::Tensor as_map(const at::Tensor& row, const AttentionLayer& layer) {
  return row.slice(0, layer.prefix).view({layer.grid[0], layer.grid[1]});
}

/// [N, N] -> what the class token, or where there is none every token on average, looks at.
at::Tensor summary_row(const at::Tensor& square, const AttentionLayer& layer) {
  return layer.prefix > 0 ? square[0] : square.mean(0);
}

class Explainer {
 public:
  Explainer(const LoadedModel& model, const PictureBatch& batch, const ExplainOptions& options)
      : model_(model), batch_(batch), options_(options) {
    result_.method = choose_method(explain_methods(model), options.method, model.entry->name);
    const auto all = layers_of(model, {batch.images.size(2), batch.images.size(3)});
    const bool decodes = result_.method == ExplainMethod::decoder;
    std::copy_if(all.begin(), all.end(), std::back_inserter(layers_),
                 [&](const auto& layer) { return is_decoder(layer) == decodes; });
    if (decodes) add_encoder(all);
    check();
  }

  Explanation run() {
    switch (result_.method) {
      case ExplainMethod::gradient:
        gradient();
        break;
      case ExplainMethod::decoder:
        decoder();
        break;
      default:
        forward();
    }
    return std::move(result_);
  }

 private:
  /// The encoder's last layer, for points of the picture that somebody clicks on.
  void add_encoder(const std::vector<AttentionLayer>& all) {
    for (const auto& layer : all) {
      if (!is_decoder(layer)) encoder_ = layer;
    }
  }

  void check() {
    const auto name = std::string(to_string(result_.method));
    const bool one_layer = result_.method == ExplainMethod::last || result_.method == ExplainMethod::decoder;
    const auto refuse = [&](const char* flag) {
      throw Error(ErrorKind::usage, flag, "means nothing to --method " + name);
    };
    if (options_.layer && result_.method == ExplainMethod::gradient) refuse("--layer");
    if (options_.head && !one_layer) refuse("--head");
    if (options_.box && result_.method != ExplainMethod::decoder) refuse("--box");
    if (options_.class_id && result_.method != ExplainMethod::gradient) refuse("--class");
    if (result_.method == ExplainMethod::gradient) return;
    result_.shown = pick(options_.layer.value_or(-1), layers_.size(), "--layer", "attention layer");
    if (!options_.layer) return;
    // Only what was asked for is recorded: one layer, or with rollout all up to it.
    const auto first = layers_.begin(), shown = first + static_cast<std::ptrdiff_t>(result_.shown);
    layers_ = {one_layer ? shown : first, shown + 1};
    result_.shown = layers_.size() - 1;
  }

  /// The class that the network finds most probable, or the one asked for.
  void choose_class(const at::Tensor& logits) {
    const auto row = on_cpu(logits)[0];
    ExplainTarget target;
    target.class_id = row.argmax().item<std::int64_t>();
    if (options_.class_id) {
      target.class_id = static_cast<std::int64_t>(
          pick(*options_.class_id, static_cast<std::size_t>(row.size(0)), "--class", "class"));
    }
    target.score = at::softmax(row, 0)[target.class_id].item<double>();
    result_.targets = {target};
  }

  void forward() {
    const RecordingScope recording(layers_);
    choose_class(model_.logits(batch_.images));
    for (const auto& layer : layers_) result_.layers.push_back(take(layer));
    const auto& shown = result_.layers[result_.shown];
    if (result_.method == ExplainMethod::rollout) {
      std::vector<at::Tensor> weights;
      for (const auto& layer : result_.layers) weights.push_back(layer.weights.unsqueeze(0));
      result_.maps = as_map(summary_row(vitral::rollout(weights)[0], shown.layer), shown.layer).unsqueeze(0);
    } else if (shown.windows.defined()) {
      nn::AttentionRecord record;
      record.weights = shown.weights;
      record.windows = shown.windows;
      record.map = shown.layer.grid;
      result_.maps = of_heads(merge_windows(record)[0], options_.head).unsqueeze(0);
    } else {
      result_.maps = as_map(summary_row(of_heads(shown.weights, options_.head), shown.layer), shown.layer).unsqueeze(0);
    }
  }

  void gradient() {
    const at::AutoGradMode gradients(true);
    auto& network = model_.classifier();
    // Without an input that wants a gradient there is no graph where the parameters were frozen.
    const auto images = batch_.images.to(network.module().parameters().front().device()).set_requires_grad(true);
    const auto score = [&](const at::Tensor& logits) {
      choose_class(logits);
      return logits[0][result_.targets[0].class_id];
    };
    const bool windows = !layers_.empty() && layers_.back().kind == AttentionKind::windows;
    if (layers_.empty() || windows) {
      const auto grid = windows ? layers_.back().grid : std::array<std::int64_t, 2>{};
      result_.maps = on_cpu(grad_cam(network, images, score, grid));
      return;
    }
    const RecordingScope recording(layers_);
    const auto answer = score(network.forward(images));
    std::vector<at::Tensor> weights;
    for (const auto& layer : layers_) weights.push_back(layer.attention->recorded().weights);
    const auto slopes = torch::autograd::grad({answer}, weights);
    for (const auto& layer : layers_) result_.layers.push_back(take(layer));
    result_.shown = layers_.size() - 1;
    const auto& last = layers_.back();
    result_.maps = as_map(on_cpu(summary_row(gradient_rollout(weights, slopes)[0], last)), last).unsqueeze(0);
  }

  void decoder() {
    auto recorded = layers_;
    if (encoder_) {
      recorded.insert(recorded.begin(), *encoder_);
      ++result_.shown;
    }
    const RecordingScope recording(recorded);
    const auto found = model_.detect(batch_, options_.detect).front();
    if (found.scores.size(0) == 0) {
      char least[32];
      std::snprintf(least, sizeof least, "%g", options_.detect.min_score);
      throw Error(ErrorKind::failed, "explain",
                  "nothing was detected with a score of at least " + std::string(least) + " (--conf asks for less)");
    }
    if (!found.queries.defined())
      throw Error(ErrorKind::failed, model_.entry->name, "does not tell its object queries");
    add_detections(found);
    for (const auto& layer : recorded) result_.layers.push_back(take(layer));
    const auto& shown = result_.layers[result_.shown];
    std::vector<at::Tensor> maps;
    for (const auto& target : result_.targets)
      maps.push_back(of_heads(maps_of_query(shown, target.query), options_.head));
    result_.maps = at::stack(maps);
  }

  void add_detections(const Detections& found) {
    for (std::int64_t i = 0; i < found.scores.size(0); ++i) {
      const float* box = found.boxes.const_data_ptr<float>() + 4 * i;
      result_.targets.push_back({found.labels[i].item<std::int64_t>(), found.scores[i].item<double>(),
                                 std::array<float, 4>{box[0], box[1], box[2], box[3]},
                                 found.queries[i].item<std::int64_t>()});
    }
    if (!options_.box) return;
    const auto one = result_.targets[pick(*options_.box, result_.targets.size(), "--box", "detection")];
    result_.targets = {one};
  }

  /// -> [H, rows, columns]
  static at::Tensor maps_of_query(const ExplainedLayer& layer, std::int64_t query) {
    const auto [rows, columns] = layer.layer.grid;
    if (layer.layer.kind == AttentionKind::queries) return layer.weights.select(1, query).view({-1, rows, columns});
    nn::AttentionRecord record;
    record.weights = layer.weights.narrow(0, query, 1).unsqueeze(0);
    record.locations = layer.locations.narrow(0, query, 1).unsqueeze(0);
    return splat_samples(record, layer.layer.grid)[0][0];
  }

  const LoadedModel& model_;
  const PictureBatch& batch_;
  const ExplainOptions& options_;
  std::vector<AttentionLayer> layers_;
  std::optional<AttentionLayer> encoder_;
  Explanation result_;
};

}  // namespace

std::string_view to_string(ExplainMethod method) {
  switch (method) {
    case ExplainMethod::rollout:
      return "rollout";
    case ExplainMethod::last:
      return "last";
    case ExplainMethod::gradient:
      return "gradient";
    case ExplainMethod::decoder:
      break;
  }
  return "decoder";
}

std::size_t pick(std::int64_t wanted, std::size_t count, const std::string& flag, const std::string& what) {
  const auto size = static_cast<std::int64_t>(count);
  if (wanted >= size || wanted < -size) {
    throw Error(ErrorKind::usage, flag + " " + std::to_string(wanted),
                count == 0 ? "there is no " + what
                           : "there is no such " + what + ", expected 0 to " + std::to_string(size - 1));
  }
  return static_cast<std::size_t>(wanted < 0 ? wanted + size : wanted);
}

at::Tensor of_heads(const at::Tensor& maps, const std::optional<std::int64_t>& head) {
  if (!head) return maps.mean(0);
  return maps[static_cast<std::int64_t>(pick(*head, static_cast<std::size_t>(maps.size(0)), "--head", "head"))];
}

ExplainMethod choose_method(const std::vector<ExplainMethod>& known, const std::optional<ExplainMethod>& wanted,
                            const std::string& model) {
  std::vector<std::string> names;
  for (const auto each : known) names.emplace_back(to_string(each));
  if (known.empty()) throw Error(ErrorKind::usage, "model " + model, "cannot be explained: it has none of the methods");
  if (!wanted) return known.front();
  if (std::find(known.begin(), known.end(), *wanted) == known.end()) {
    throw Error(ErrorKind::usage, "--method " + std::string(to_string(*wanted)),
                model + " lacks it; it has: " + join(names, ", "));
  }
  return *wanted;
}

std::vector<ExplainMethod> explain_methods(const LoadedModel& model) {
  using enum ExplainMethod;
  const auto layers = layers_of(model, {224, 224});
  if (model.entry->task == Task::detect) {
    return std::any_of(layers.begin(), layers.end(), is_decoder) ? std::vector{decoder} : std::vector<ExplainMethod>{};
  }
  if (layers.empty()) return {gradient};
  return layers.front().kind == AttentionKind::windows ? std::vector{last, gradient}
                                                       : std::vector{rollout, last, gradient};
}

Explanation explain(const LoadedModel& model, const PictureBatch& batch, const ExplainOptions& options) {
  return Explainer(model, batch, options).run();
}

}  // namespace vitral::apps
