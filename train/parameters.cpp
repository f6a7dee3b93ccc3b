#include "train/parameters.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <regex>
#include <set>

#include "common/core/error.h"
#include "common/core/text.h"

namespace vitral::train {
namespace {

/// Tables and tokens that timm's models and the authors' code list as `no_weight_decay`.
constexpr std::array<std::string_view, 13> kTables = {"cls_token",
                                                      "dist_token",
                                                      "reg_token",
                                                      "pos_embed",
                                                      "patch_pos",
                                                      "pixel_pos",
                                                      "relative_position_bias_table",
                                                      "logit_scale",
                                                      "cpb_mlp",
                                                      "absolute_pos_embed",
                                                      "query_embed",
                                                      "level_embed",
                                                      "outer_tokens"};

constexpr std::array<std::string_view, 12> kStem = {"patch_embed", "pixel_embed", "cls_token", "dist_token",
                                                    "reg_token",   "pos_embed",   "patch_pos", "pixel_pos",
                                                    "norm1_proj",  "norm2_proj",  "conv1",     "bn1"};

bool has_part(const std::string& name, std::string_view part) {
  return ("." + name + ".").find("." + std::string(part) + ".") != std::string::npos;
}

/// Where a block stands: the numbers in front of it and its own, e.g. {2, 5} for "layers.2.blocks.5.norm1.weight".
/// Patch merging belongs to the stage that it leads into.
std::optional<std::array<std::int64_t, 2>> block_of(const std::string& name) {
  static const std::regex kStaged("^(?:layers\\.|layer)(\\d+)\\.(?:(?:blocks\\.)?(\\d+)\\.|downsample)");
  static const std::regex kFlat("^blocks\\.(\\d+)\\.");
  std::smatch found;
  if (std::regex_search(name, found, kFlat)) return std::array<std::int64_t, 2>{std::stoll(found[1]), 0};
  if (!std::regex_search(name, found, kStaged)) return std::nullopt;
  return std::array<std::int64_t, 2>{std::stoll(found[1]), found[2].matched ? std::stoll(found[2]) : 0};
}

bool is_stem(const std::string& name) {
  return std::any_of(kStem.begin(), kStem.end(), [&](std::string_view part) { return name.starts_with(part); });
}

/// Turns off what `patterns` name.
void freeze(torch::nn::Module& module, const std::vector<std::string>& patterns) {
  for (const auto& pattern : patterns) {
    bool used = false;
    for (const auto& item : module.named_parameters()) {
      if (!matches_pattern(pattern, item.key())) continue;
      item.value().set_requires_grad(false);
      used = true;
    }
    if (!used) throw Error(ErrorKind::usage, "--freeze " + printable(pattern, 100), "matches no parameter");
  }
}

}  // namespace

bool matches_pattern(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0, star = std::string_view::npos, restart = 0;
  while (n < name.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p, ++n;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      restart = n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++restart;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool is_exempt_from_decay(const std::string& name, const at::Tensor& tensor) {
  if (tensor.dim() <= 1 || name.ends_with(".bias")) return true;
  return std::any_of(kTables.begin(), kTables.end(), [&](std::string_view part) { return has_part(name, part); });
}

std::vector<std::int64_t> layers_of(const std::vector<std::string>& names) {
  std::set<std::array<std::int64_t, 2>> blocks;
  for (const auto& name : names) {
    if (const auto block = block_of(name)) blocks.insert(*block);
  }
  const auto last = static_cast<std::int64_t>(blocks.size()) + 1;
  std::vector<std::int64_t> layers;
  for (const auto& name : names) {
    const auto block = block_of(name);
    if (block) {
      layers.push_back(1 + static_cast<std::int64_t>(std::distance(blocks.begin(), blocks.find(*block))));
    } else {
      // The norm behind the last block counts with it.
      layers.push_back(is_stem(name) ? 0 : name.starts_with("norm.") ? last - 1 : last);
    }
  }
  return layers;
}

std::vector<ParameterGroup> group_parameters(torch::nn::Module& module, const GroupRules& rules) {
  freeze(module, rules.freeze);
  std::vector<std::string> names;
  std::vector<at::Tensor> tensors;
  for (const auto& item : module.named_parameters()) {
    if (!item.value().requires_grad()) continue;
    names.push_back(item.key());
    tensors.push_back(item.value());
  }
  if (names.empty()) throw Error(ErrorKind::usage, "--freeze", "leaves nothing to learn");
  const auto layers = layers_of(names);
  const std::int64_t last = *std::max_element(layers.begin(), layers.end());
  std::vector<ParameterGroup> groups;
  std::map<std::pair<double, double>, std::size_t> places;  // (rate, decay) -> index into groups
  for (std::size_t i = 0; i < names.size(); ++i) {
    double scale = std::pow(rules.layer_decay, static_cast<double>(last - layers[i]));
    if (names[i].starts_with("backbone.")) scale *= rules.backbone_lr;
    const double decay = is_exempt_from_decay(names[i], tensors[i]) ? 0.0 : rules.weight_decay;
    const auto [place, is_new] = places.try_emplace({scale, decay}, groups.size());
    if (is_new) groups.push_back({{}, {}, scale, decay});
    groups[place->second].names.push_back(names[i]);
    groups[place->second].tensors.push_back(tensors[i]);
  }
  return groups;
}

}  // namespace vitral::train
