#include "apps/weights_diff.h"

#include "common/core/text.h"
#include "common/weights/state_dict.h"

namespace vitral::apps {
namespace {

/// The largest |a - b|; NaN where only one of them is NaN.
double max_difference(const at::Tensor& a, const at::Tensor& b) {
  if (a.numel() == 0) return 0;
  const auto wide_a = a.to(at::kDouble), wide_b = b.to(at::kDouble);
  const auto both_nan = wide_a.isnan().logical_and(wide_b.isnan());
  const auto equal = wide_a.eq(wide_b).logical_or(both_nan);  // infinities have no difference
  return (wide_a - wide_b).abs().masked_fill(equal, 0).max().item<double>();
}

}  // namespace

WeightsDifference diff_weights(const weights::Checkpoint& first, const weights::Checkpoint& second) {
  WeightsDifference result;
  for (const auto& [name, a] : first.tensors) {
    const auto* b = second.find(name);
    if (b == nullptr) {
      result.only_first.push_back(name);
    } else if (a.shape != b->shape) {
      result.differing.push_back({name, "shape", describe(a), describe(*b), 0});
    } else if (a.dtype != b->dtype) {
      result.differing.push_back({name, "dtype", describe(a), describe(*b), 0});
    } else if (const double most = max_difference(weights::to_tensor(a), weights::to_tensor(*b)); most != 0) {
      result.differing.push_back({name, "values", describe(a), describe(*b), most});
    } else {
      ++result.equal;
    }
  }
  for (const auto& [name, tensor] : second.tensors) {
    if (first.find(name) == nullptr) result.only_second.push_back(name);
  }
  first.check();
  second.check();
  return result;
}

std::string WeightsDifference::text() const {
  std::string text;
  for (const auto& name : only_first) text += "- " + printable(name) + "\n";
  for (const auto& name : only_second) text += "+ " + printable(name) + "\n";
  for (const auto& each : differing) {
    char most[48] = "";
    if (each.kind == "values") std::snprintf(most, sizeof most, "  max |difference| %.6g", each.max_abs);
    text += "! " + printable(each.name) + "  " + each.first + (each.kind == "values" ? "" : " -> " + each.second) + most + "\n";
  }
  return text + std::to_string(equal) + " equal, " + std::to_string(differing.size()) + " differ, " +
         std::to_string(only_first.size()) + " only in the first, " + std::to_string(only_second.size()) + " only in the second\n";
}

nlohmann::ordered_json WeightsDifference::json() const {
  auto list = nlohmann::ordered_json::array();
  for (const auto& each : differing) {
    nlohmann::ordered_json item = {{"name", each.name}, {"kind", each.kind}, {"first", each.first}, {"second", each.second}};
    if (each.kind == "values") item["max_abs"] = each.max_abs;
    list.push_back(std::move(item));
  }
  return {{"schema", "vitral.weights_diff/1"}, {"equal", equal}, {"differing", list}, {"only_first", only_first}, {"only_second", only_second}};
}

}  // namespace vitral::apps
