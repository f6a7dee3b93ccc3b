#include "apps/classify_engine.h"

#include <ATen/ops/softmax.h>
#include <ATen/ops/topk.h>

#include <cstdio>

#include "apps/collate.h"
#include "common/core/error.h"
#include "common/core/file.h"
#include "common/core/stop_watch.h"
#include "common/core/text.h"

namespace vitral::apps {
namespace {

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

std::vector<ScoredClass> best_of(const at::Tensor& probabilities, std::int64_t topk,
                                 const std::vector<std::string>& labels) {
  const auto [scores, ids] = at::topk(probabilities, std::min(topk, probabilities.size(0)));
  std::vector<ScoredClass> best;
  for (std::int64_t k = 0; k < scores.size(0); ++k) {
    const auto id = ids[k].item<std::int64_t>();
    const auto place = static_cast<std::size_t>(id);
    best.push_back(
        {id, place < labels.size() ? labels[place] : "class " + std::to_string(id), scores[k].item<float>()});
  }
  return best;
}

}  // namespace

ClassifyEngine::ClassifyEngine(const LoadedModel& model, const std::string& labels_file, bool embed)
    : model_(model), labels_(labels_file.empty() ? model.record.labels : read_labels(labels_file)), embed_(embed) {
  static_cast<void>(model.classifier());
  if (model.record.in_chans != 3) throw Error(ErrorKind::usage, "--in-chans", "pictures have 3 channels");
  const auto classes = model.record.num_classes;
  if (labels_file.empty() || static_cast<std::int64_t>(labels_.size()) == classes) return;
  throw Error(ErrorKind::input, printable(labels_file),
              "holds " + std::to_string(labels_.size()) + " labels, " + model.entry->name + " has " +
                  std::to_string(classes) + " classes");
}

std::vector<Classified> ClassifyEngine::run(std::span<PreparedPicture> pictures, std::int64_t topk) const {
  if (pictures.empty()) return {};
  std::vector<const PreparedInput*> inputs;
  for (const auto& picture : pictures) inputs.push_back(&picture.inputs.front());
  const auto images = stacked_images(inputs);
  StopWatch watch;
  const auto [features, logits] =
      embed_ ? model_.features_and_logits(images) : std::pair(at::Tensor(), model_.logits(images));
  const double forward_ms = watch.lap() / static_cast<double>(pictures.size());
  const auto probabilities = at::softmax(logits, -1);
  std::vector<Classified> all;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    Classified found{best_of(probabilities[index], topk, labels_), {}};
    if (features.defined()) {
      const auto vector = features[index].contiguous();
      found.embedding.assign(vector.const_data_ptr<float>(), vector.const_data_ptr<float>() + vector.numel());
    }
    pictures[i].times.forward = forward_ms;
    pictures[i].times.postprocess = watch.lap();
    all.push_back(std::move(found));
  }
  return all;
}

nlohmann::ordered_json class_record(const PreparedPicture& picture, const Classified& found) {
  auto classes = nlohmann::ordered_json::array();
  for (const auto& [id, label, score] : found.classes)
    classes.push_back({{"class_id", id}, {"label", label}, {"score", score}});
  nlohmann::ordered_json record = {{"schema", "vitral.classes/1"},
                                   {"source", picture.source.name},
                                   {"size", {picture.width, picture.height}},
                                   {"classes", classes},
                                   {"timing_ms", picture.times.json()}};
  if (!found.embedding.empty()) record["embedding"] = found.embedding;
  return record;
}

std::string class_text(const PreparedPicture& picture, const Classified& found) {
  std::string text = printable(picture.source.name) + "\n";
  for (const auto& [id, label, score] : found.classes) {
    char line[32];
    std::snprintf(line, sizeof line, "  %6.2f%%  ", 100.0 * score);
    text += line + printable(label) + "\n";
  }
  return text;
}

}  // namespace vitral::apps
