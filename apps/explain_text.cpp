// vitral explain --text: which token looks at which.
#include <algorithm>

#include "apps/explain_page.h"
#include "apps/explain_run.h"
#include "apps/records.h"
#include "apps/sentence_explanation.h"
#include "apps/user_store.h"
#include "common/core/text.h"
#include "text/utf8.h"

namespace vitral::apps {
namespace {

constexpr std::string_view kTemplate =
#include "pages/explain_text.inc"
    ;
constexpr std::size_t kRowBudget = 3'400'000;  // bytes before base64, so that the page stays below 5 MB

nlohmann::ordered_json layer_json(const std::string& name, bool crosses, const at::Tensor& weights,
                                  RowStorage storage) {
  nlohmann::ordered_json json{{"name", name}, {"crosses", crosses}};
  store_rows(json, storage == RowStorage::mean_bytes ? weights.mean(0, true) : weights, storage == RowStorage::nibbles);
  return json;
}

std::string page_of(const SentenceExplanation& found, const std::string& model, const std::string& sentence) {
  std::vector<std::pair<std::size_t, std::size_t>> sizes;
  for (const auto& layer : found.layers) sizes.emplace_back(layer.weights.numel(), layer.weights.size(0));
  const auto plan = plan_rows(sizes, kRowBudget);
  auto layers = nlohmann::ordered_json::array();
  const auto& shown = found.layers[found.shown];
  const bool rolled = found.method == ExplainMethod::rollout;
  layers.push_back(layer_json((rolled ? "rollout up to " : "") + shown.name + (rolled ? "" : ", as asked for"),
                              found.map_crosses, found.map.unsqueeze(0), RowStorage::bytes));
  for (std::size_t i = 0; i < found.layers.size(); ++i) {
    const auto& layer = found.layers[i];
    if (plan[i] != RowStorage::left_out)
      layers.push_back(layer_json(layer.name, layer.crosses, layer.weights, plan[i]));
  }
  return fill_page(kTemplate, {{"model", model},
                               {"source", sentence},
                               {"method", to_string(found.method)},
                               {"read", found.read},
                               {"written", found.written},
                               {"layers", layers}});
}

void refuse_flags_of_pictures(const ExplainFlags& flags) {
  const auto refuse = [](bool is_given, const char* flag) {
    if (is_given) throw Error(ErrorKind::usage, flag, "means nothing to a sentence");
  };
  refuse(!flags.beside.empty(), "--beside");
  refuse(!flags.class_name.empty(), "--class");
  refuse(flags.options.box.has_value(), "--box");
}

/// For each token the one that it looks at most.
std::string summary_of(const SentenceExplanation& found) {
  const auto& from = found.map_crosses ? found.written : found.read;
  const auto best = found.map.argmax(1);
  std::string text;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const auto at = best[static_cast<std::int64_t>(i)].item<std::int64_t>();
    char share[24];
    std::snprintf(share, sizeof share, "%6.1f%%  ", 100 * found.map[static_cast<std::int64_t>(i)][at].item<double>());
    text += share + printable(from[i], 60) + " -> " + printable(found.read[static_cast<std::size_t>(at)], 60) + "\n";
  }
  return text;
}

}  // namespace

int explain_text(const ExplainFlags& flags, Console& console) {
  refuse_flags_of_pictures(flags);
  JsonSink json(console, flags.output.json, flags.output.overwrite);
  text::decode_utf8(flags.sentence, "--text");  // says which byte is wrong
  const auto found = explain_sentence(sentence_model(flags.model.model), flags.sentence, flags.options);
  ExplainFolder folder(flags.output);
  weights::StateDict state;
  state.insert("map", found.map);
  for (const auto& layer : found.layers) state.insert(layer.name + ".weights", layer.weights);
  folder.write_raw(state, flags.model.model, found.method);
  folder.write_page(page_of(found, flags.model.model, flags.sentence));
  if (json) {
    auto layers = nlohmann::ordered_json::array();
    for (const auto& layer : found.layers)
      layers.push_back({{"name", layer.name}, {"weights", layer.weights.sizes().vec()}});
    json.write(json_line({{"schema", "vitral.explain/1"},
                          {"source", flags.sentence},
                          {"model", flags.model.model},
                          {"method", to_string(found.method)},
                          {"map", found.map.sizes().vec()},
                          {"read", found.read},
                          {"written", found.written},
                          {"layers", layers},
                          {"files", folder.files()}}));
  }
  json.finish();
  std::string text = summary_of(found);
  for (const auto& file : folder.files()) text += "written: " + printable(file) + "\n";
  if (!flags.output.json_on_stdout()) console.result(text);
  return 0;
}

}  // namespace vitral::apps
