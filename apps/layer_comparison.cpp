#include "apps/layer_comparison.h"

#include <ATen/ops/dot.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/core/text.h"

namespace vitral::apps {
namespace {

/// A copy that nobody overwrites.
at::Tensor keep(const at::Tensor& output) {
  return output.detach().to(at::kCPU, at::kFloat).clone().contiguous();
}

double inner_product(const at::Tensor& a, const at::Tensor& b) {
  return at::dot(a, b).item<double>();
}

}  // namespace

LayerError layer_error(std::string layer, const at::Tensor& a, const at::Tensor& b) {
  LayerError error{std::move(layer), a.sizes().vec()};
  if (a.numel() == 0) return error;
  const auto x = a.to(at::kDouble).flatten(), y = b.to(at::kDouble).flatten();
  const auto difference = x - y;
  const double norm_x = std::sqrt(inner_product(x, x)), norm_y = std::sqrt(inner_product(y, y)),
               norm = std::sqrt(inner_product(difference, difference));
  error.max_abs = difference.abs().max().item<double>();
  error.relative = norm == 0 ? 0 : norm / norm_x;
  error.cosine = norm_x > 0 && norm_y > 0 ? inner_product(x, y) / (norm_x * norm_y) : norm == 0 ? 1 : 0;
  if (!std::isfinite(error.relative)) error.relative = std::numeric_limits<double>::infinity();
  return error;
}

bool LayerComparison::wanted(const std::string& layer) const {
  return patterns_.empty() || std::any_of(patterns_.begin(), patterns_.end(),
                                          [&](const auto& pattern) { return glob_match(pattern, layer); });
}

std::string LayerComparison::numbered(const std::string& layer, std::map<std::string, int>& times) {
  const int time = ++times[layer];
  return time == 1 ? layer : layer + " #" + std::to_string(time);
}

void LayerComparison::hear_a(const std::string& layer, const at::Tensor& output) {
  const auto name = numbered(layer, times_a_);
  if (wanted(layer)) kept_.emplace(name, keep(output));
}

void LayerComparison::hear_b(const std::string& layer, const at::Tensor& output) {
  const auto name = numbered(layer, times_b_);
  if (!wanted(layer)) return;
  const auto found = kept_.find(name);
  if (found == kept_.end() || found->second.sizes() != output.sizes()) {
    only_b_.push_back(name);
    return;
  }
  errors_.push_back(layer_error(name, found->second, keep(output)));
  kept_.erase(found);
}

std::vector<std::string> LayerComparison::unmatched() const {
  auto names = only_b_;
  for (const auto& [name, output] : kept_) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

const LayerError* LayerComparison::first_beyond(double tol) const {
  const auto found =
      std::find_if(errors_.begin(), errors_.end(), [&](const auto& error) { return !(error.relative <= tol); });
  return found == errors_.end() ? nullptr : &*found;
}

nlohmann::ordered_json to_json(const LayerError& error) {
  return {{"layer", error.layer},
          {"shape", error.shape},
          {"relative", error.relative},
          {"max_abs", error.max_abs},
          {"cosine", error.cosine}};
}

}  // namespace vitral::apps
