#include "apps/explain_page.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/stack.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "apps/records.h"
#include "apps/report_page.h"
#include "common/image/draw.h"
#include "datasets/metrics/page.h"

namespace vitral::apps {
namespace {

constexpr std::string_view kTemplate =
#include "pages/explain.inc"
    ;
constexpr std::string_view kDataMark = "%DATA%", kStyleMark = "%STYLE%";  // the style's comes first in every page
constexpr std::size_t kRowBudget = 3'000'000;  // bytes before base64, which leaves room for the pictures below 5 MB
constexpr int kPictureSide = 1'000, kManyPictureSide = 600;

std::string base64_of(const at::Tensor& tensor) {
  const auto x = tensor.contiguous();
  return base64({static_cast<const std::byte*>(x.const_data_ptr()), x.nbytes()});
}

/// The rows to be stored: [H, Q, K]. Windows lie one after another; of queries only those that are targets.
at::Tensor rows_of(const ExplainedLayer& layer, const std::vector<ExplainTarget>& targets) {
  if (layer.windows.defined()) return layer.weights.transpose(0, 1).flatten(1, 2);
  if (layer.layer.kind == AttentionKind::tokens) return layer.weights;
  std::vector<at::Tensor> rows;
  for (const auto& target : targets) rows.push_back(layer.weights.select(1, target.query));
  return at::stack(rows, 1);
}

/// Two numbers of 4 bits a byte, the first one low.
at::Tensor packed_nibbles(const at::Tensor& levels) {
  auto flat = levels.flatten();
  if (flat.numel() % 2 != 0) flat = at::constant_pad_nd(flat, {0, 1});
  const auto pairs = flat.view({-1, 2});
  return pairs.select(1, 0) + pairs.select(1, 1) * 16;
}

double rounded(float value) {
  return std::round(value * 1e4) / 1e4;
}

/// [targets][H][points] of [x, y, weight].
nlohmann::ordered_json points_of(const ExplainedLayer& layer, const std::vector<ExplainTarget>& targets) {
  auto all = nlohmann::ordered_json::array();
  for (const auto& target : targets) {
    const auto weights = layer.weights[target.query].flatten(1).contiguous();      // [H, L * P]
    const auto places = layer.locations[target.query].flatten(1, 2).contiguous();  // [H, L * P, 2]
    auto heads = nlohmann::ordered_json::array();
    for (std::int64_t h = 0; h < weights.size(0); ++h) {
      auto points = nlohmann::ordered_json::array();
      for (std::int64_t p = 0; p < weights.size(1); ++p) {
        const auto i = h * weights.size(1) + p;
        const float* place = places.const_data_ptr<float>() + 2 * i;
        points.push_back({rounded(place[0]), rounded(place[1]), rounded(weights.const_data_ptr<float>()[i])});
      }
      heads.push_back(points);
    }
    all.push_back(heads);
  }
  return all;
}

const char* kind_name(AttentionKind kind) {
  switch (kind) {
    case AttentionKind::tokens:
      return "tokens";
    case AttentionKind::windows:
      return "windows";
    case AttentionKind::queries:
      return "queries";
    case AttentionKind::samples:
      break;
  }
  return "samples";
}

nlohmann::ordered_json layers_json(const Explanation& explanation, nlohmann::ordered_json& notes, std::size_t budget) {
  std::vector<at::Tensor> rows;
  std::vector<std::pair<std::size_t, std::size_t>> sizes;
  for (const auto& layer : explanation.layers) {
    const bool points = layer.layer.kind == AttentionKind::samples;
    rows.push_back(points ? at::Tensor() : rows_of(layer, explanation.targets));
    sizes.emplace_back(points ? 0 : rows.back().numel(), points ? 1 : rows.back().size(0));
  }
  const auto plan = plan_rows(sizes, budget);
  auto layers = nlohmann::ordered_json::array();
  std::size_t means = 0, missing = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& layer = explanation.layers[i];
    means += plan[i] == RowStorage::mean_bytes;
    missing += plan[i] == RowStorage::left_out;
    if (plan[i] == RowStorage::left_out) continue;
    nlohmann::ordered_json json{{"name", layer.layer.name},
                                {"kind", kind_name(layer.layer.kind)},
                                {"grid", layer.layer.grid},
                                {"prefix", layer.layer.prefix}};
    if (!rows[i].defined()) {
      json["heads"] = layer.weights.size(1);
      json["points"] = points_of(layer, explanation.targets);
      json["scale"] = json["data"] = "";
    } else {
      store_rows(json, plan[i] == RowStorage::mean_bytes ? rows[i].mean(0, true) : rows[i],
                 plan[i] == RowStorage::nibbles);
    }
    if (layer.windows.defined()) {
      const auto* tokens = layer.windows.const_data_ptr<std::int32_t>();
      json["windows"] = std::vector<std::int32_t>(tokens, tokens + layer.windows.numel());
    }
    layers.push_back(json);
  }
  const auto say = [&](std::size_t count, const char* what) {
    if (count > 0) notes.push_back(std::to_string(count) + what);
  };
  say(means, " layers are the mean of their heads, to keep the page small (--layer shows one in full).");
  say(missing, " layers are left out, to keep the page small (--layer shows one).");
  return layers;
}

std::string title_of(const Explanation& explanation) {
  const auto name = explanation.layers.empty() ? std::string() : explanation.layers[explanation.shown].layer.name;
  switch (explanation.method) {
    case ExplainMethod::rollout:
      return "rollout up to " + name;
    case ExplainMethod::gradient:
      return explanation.layers.empty() ? "Grad-CAM" : "gradient-weighted rollout";
    default:
      return std::string(to_string(explanation.method)) + ": " + name;
  }
}

nlohmann::ordered_json panel_json(const ExplainPanel& panel, std::size_t budget, int side) {
  const auto& explanation = panel.explanation;
  auto notes = nlohmann::ordered_json::array(), targets = nlohmann::ordered_json::array(),
       maps = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < explanation.targets.size(); ++i) {
    const auto& target = explanation.targets[i];
    nlohmann::ordered_json json{{"label", panel.labels[i]}, {"score", target.score}};
    if (target.box) json["box"] = *target.box;
    targets.push_back(json);
  }
  for (std::int64_t i = 0; i < explanation.maps.size(0); ++i) {
    const auto& map = explanation.maps[i];
    maps.push_back(base64_of((map / map.max().clamp_min(1e-30)).mul(255).round().to(at::kByte)));
  }
  nlohmann::ordered_json data{{"model", panel.model},
                              {"source", panel.source},
                              {"method", to_string(explanation.method)},
                              {"title", title_of(explanation)},
                              {"size", {panel.view.width, panel.view.height}},
                              {"grid", {explanation.maps.size(1), explanation.maps.size(2)}},
                              {"maps", maps},
                              {"targets", targets}};
  data["layers"] = layers_json(explanation, notes, budget);
  data["notes"] = notes;
  data["picture"] =
      "data:image/jpeg;base64," + base64(image::encode_jpeg(image::thumbnail(panel.view, side, side), 88));
  return data;
}

}  // namespace

void store_rows(nlohmann::ordered_json& json, const at::Tensor& rows, bool nibbles) {
  const auto largest = rows.amax({-1}, true);  // [H, Q, 1]
  const auto levels = at::sqrt(rows / largest.clamp_min(1e-30)).mul(nibbles ? 15 : 255).round().to(at::kByte);
  json["heads"] = rows.size(0);
  json["queries"] = rows.size(1);
  json["keys"] = rows.size(2);
  json["bits"] = nibbles ? 4 : 8;
  json["scale"] = base64_of(largest.to(at::kFloat));
  json["data"] = base64_of(nibbles ? packed_nibbles(levels) : levels);
}

std::vector<RowStorage> plan_rows(const std::vector<std::pair<std::size_t, std::size_t>>& layers, std::size_t budget) {
  std::size_t all = 0, means = 0;
  for (const auto& [values, heads] : layers) {
    all += values;
    means += values / heads;
  }
  if (all <= budget) return std::vector(layers.size(), RowStorage::bytes);
  if (all / 2 <= budget) return std::vector(layers.size(), RowStorage::nibbles);
  std::vector<RowStorage> plan(layers.size(), RowStorage::mean_bytes);
  for (std::size_t i = 0; i < layers.size() && means > budget; ++i) {
    plan[i] = RowStorage::left_out;
    means -= layers[i].first / layers[i].second;
  }
  for (std::size_t i = layers.size(); i-- > 0 && plan[i] == RowStorage::mean_bytes;) {
    const auto& [values, heads] = layers[i];
    const std::size_t with = means - values / heads + (values + 1) / 2;
    if (with > budget) break;
    plan[i] = RowStorage::nibbles;
    means = with;
  }
  return plan;
}

std::string explain_html(const std::vector<ExplainPanel>& panels) {
  const int side = panels.size() > 1 ? kManyPictureSide : kPictureSide;
  auto all = nlohmann::ordered_json::array();
  for (const auto& panel : panels) all.push_back(panel_json(panel, kRowBudget / panels.size(), side));
  return fill_page(kTemplate, {{"panels", all}});
}

std::string fill_page(std::string_view page, const nlohmann::ordered_json& json) {
  auto text = json_line(json);
  // A label must not end the script element that the data stands in.
  for (std::size_t at = 0; (at = text.find("</", at)) != std::string::npos;) text.replace(at, 2, "<\\/");
  std::string html(page);
  html.replace(html.find(kDataMark), kDataMark.size(), text);
  return html.replace(html.find(kStyleMark), kStyleMark.size(), page_style());
}

}  // namespace vitral::apps
