#include "common/runtime/adapt.h"

#include <algorithm>

#include "common/core/error.h"

namespace vitral {
namespace {

bool adapted_away(const std::string& name, const weights::LoadReport& report) {
  return std::any_of(report.adapted.begin(), report.adapted.end(), [&](const auto& each) { return each.name == name; });
}

}  // namespace

void adapt_stem(weights::StateDict& state, Network& net, std::vector<weights::Adaptation>& log) {
  for (const auto& item : net.module().named_parameters()) {
    if (item.value().dim() != 4) continue;
    at::Tensor* weight = state.find(item.key());
    const std::int64_t channels = item.value().size(1);
    if (weight == nullptr || weight->dim() != 4 || weight->size(1) == channels) return;
    if (weight->size(1) != 3) {
      throw Error(ErrorKind::weights, item.key(), "has " + std::to_string(weight->size(1)) +
                                                      " input channels, only 3 can be adapted to " + std::to_string(channels));
    }
    const auto fp32 = weight->to(at::kFloat);
    if (channels == 1) {
      *weight = fp32.sum(1, /*keepdim=*/true).to(weight->scalar_type());
    } else {
      const auto repeated = fp32.repeat({1, (channels + 2) / 3, 1, 1}).narrow(1, 0, channels);
      *weight = (repeated * (3.0 / static_cast<double>(channels))).to(weight->scalar_type());
    }
    log.push_back({item.key(), "3 input channels " + std::string(channels == 1 ? "summed to 1" : "repeated to " + std::to_string(channels))});
    return;
  }
}

void reshape_linear_stem(weights::StateDict& state, Network& net) {
  for (const auto& item : net.module().named_parameters()) {
    if (item.value().dim() != 4) continue;
    at::Tensor* weight = state.find(item.key());
    const bool linear = weight != nullptr && weight->dim() == 2 && weight->size(0) == item.value().size(0) &&
                        weight->numel() == item.value().numel();
    if (linear) *weight = weight->reshape(item.value().sizes());
    return;
  }
}

void adapt_head(weights::StateDict& state, Network& net, std::vector<weights::Adaptation>& log) {
  const auto expected = weights::state_dict_of(net.module());
  for (const auto& head : net.head_names()) {
    bool other_shape = false;
    for (const char* part : {".weight", ".bias"}) {
      const at::Tensor* theirs = state.find(head + part);
      const at::Tensor* ours = expected.find(head + part);
      other_shape |= theirs != nullptr && (ours == nullptr || theirs->sizes() != ours->sizes());
    }
    if (!other_shape) continue;
    weights::StateDict kept;
    for (const auto& item : state) {
      if (item.key() == head + ".weight" || item.key() == head + ".bias") {
        log.push_back({item.key(), "re-initialised: " + std::to_string(item.value().size(0)) + " classes in the file"});
      } else {
        kept.insert(item.key(), item.value());
      }
    }
    state = std::move(kept);
  }
}

bool only_heads_missing(const weights::LoadReport& report) {
  return report.unexpected.empty() && report.mismatched.empty() &&
         std::all_of(report.missing.begin(), report.missing.end(), [&](const auto& name) { return adapted_away(name, report); });
}

}  // namespace vitral
