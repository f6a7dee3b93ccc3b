#include "apps/sentence_explanation.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

#include "common/core/error.h"
#include "common/core/text.h"
#include "common/runtime/attention_maps.h"
#include "text/decoding.h"
#include "text/model_files.h"

namespace vitral::apps {
namespace {

at::Tensor row_of(const std::vector<std::int64_t>& ids) {
  return at::tensor(ids, at::kLong).unsqueeze(0);
}

class SentenceExplainer {
 public:
  SentenceExplainer(std::string model, const ExplainOptions& options) : options_(options) {
    using enum ExplainMethod;
    result_.method = choose_method({last, rollout}, options.method, model);
    if (options.head && result_.method == rollout)
      throw Error(ErrorKind::usage, "--head", "means nothing to --method rollout");
  }

  SentenceExplanation of_bert(const std::filesystem::path& folder, const std::string& sentence) {
    auto encoder = text::load_sentence_encoder(folder);
    const auto encoded = encoder.tokenizer.encode(sentence, encoder.longest);
    if (encoded.cut) {
      throw Error(ErrorKind::input, "--text",
                  "has more than the " + std::to_string(encoder.longest) + " tokens that the network takes");
    }
    for (const auto id : encoded.ids) result_.read.push_back(encoder.tokenizer.vocabulary().token(id));
    record(encoder.network->attention_layers({}), [&] { encoder.network->forward(row_of(encoded.ids)); });
    return finish();
  }

  SentenceExplanation of_seq2seq(const std::filesystem::path& file, const std::string& sentence) {
    auto model = text::load_sentence_model(file);
    const auto ids = model.source.encode(sentence);
    const auto source = row_of(ids);
    const auto answer = text::decode(model.network, source, {}, {}).front();
    for (const auto id : ids) result_.read.push_back(model.source.vocabulary().token(id));
    // Row i of the cross-attention is what was looked at to write token i.
    auto target = answer.tokens;
    target.insert(target.begin(), text::SentenceCoder::kStart);
    if (!answer.ended) target.pop_back();
    for (const auto id : answer.tokens) result_.written.push_back(model.target.vocabulary().token(id));
    if (answer.ended) result_.written.push_back(model.target.vocabulary().token(text::SentenceCoder::kEnd));
    record(model.network->attention_layers({}), [&] { model.network->forward(source, {}, row_of(target)); });
    return finish();
  }

 private:
  template <class Forward>
  void record(std::vector<AttentionLayer> layers, const Forward& forward) {
    if (result_.method == ExplainMethod::rollout) {
      std::erase_if(layers, [](const auto& layer) { return layer.kind == AttentionKind::queries; });
    }
    result_.shown = pick(options_.layer.value_or(-1), layers.size(), "--layer", "attention layer");
    if (options_.layer) {
      const auto shown = layers.begin() + static_cast<std::ptrdiff_t>(result_.shown);
      layers = {result_.method == ExplainMethod::last ? shown : layers.begin(), shown + 1};
      result_.shown = layers.size() - 1;
    }
    const at::NoGradGuard no_grad;
    const RecordingScope recording(layers);
    forward();
    for (const auto& layer : layers) {
      result_.layers.push_back({layer.name, layer.kind == AttentionKind::queries,
                                layer.attention->recorded().weights[0].to(at::kFloat).contiguous()});
    }
  }

  SentenceExplanation finish() {
    const auto& shown = result_.layers[result_.shown];
    result_.map_crosses = shown.crosses;
    if (result_.method == ExplainMethod::last) {
      result_.map = of_heads(shown.weights, options_.head).contiguous();
    } else {
      std::vector<at::Tensor> weights;
      for (const auto& layer : result_.layers) weights.push_back(layer.weights.unsqueeze(0));
      result_.map = vitral::rollout(weights)[0].contiguous();
    }
    return std::move(result_);
  }

  const ExplainOptions& options_;
  SentenceExplanation result_;
};

}  // namespace

SentenceExplanation explain_sentence(const std::filesystem::path& model, const std::string& sentence,
                                     const ExplainOptions& options) {
  if (sentence.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw Error(ErrorKind::input, "--text", "is empty");
  }
  SentenceExplainer explainer(printable(model.string(), 200), options);
  return std::filesystem::is_directory(model) ? explainer.of_bert(model, sentence)
                                              : explainer.of_seq2seq(model, sentence);
}

}  // namespace vitral::apps
