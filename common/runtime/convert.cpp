#include "common/runtime/convert.h"

#include <algorithm>

#include "common/core/error.h"
#include "common/runtime/provenance.h"

namespace vitral {
namespace {

/// The names that a plan gives.
std::vector<std::string> results_of(const weights::Plan& plan) {
  std::vector<std::string> names;
  for (const auto& step : plan.steps) names.insert(names.end(), step.targets.begin(), step.targets.end());
  return names;
}

/// The table of that origin which has a place for every tensor and whose own files look like the result.
std::optional<weights::Plan> plan_for(const ModelEntry& entry, const std::vector<std::string>& names,
                                      const std::string& to) {
  for (const auto& map : entry.key_maps) {
    if (map.origin != to) continue;
    auto plan = weights::plan(names, map, weights::Direction::to_theirs);
    if (plan.is_clean() && weights::detect(results_of(plan), map)) return plan;
  }
  return std::nullopt;
}

}  // namespace

weights::StateDict halved(const weights::StateDict& state) {
  weights::StateDict result;
  for (const auto& item : state) {
    const bool is_fp32 = item.value().scalar_type() == at::kFloat;
    result.insert(item.key(), is_fp32 ? item.value().detach().to(at::kHalf) : item.value());
  }
  return result;
}

void convert_weights(const LoadedModel& model, const std::string& to, const std::filesystem::path& output,
                     bool overwrite, bool half) {
  const auto state = weights::state_dict_of(model.net->module());
  const auto write = [&](const weights::StateDict& tensors, const std::map<std::string, std::string>& metadata) {
    weights::save(output, half ? halved(tensors) : tensors, metadata, overwrite);
  };
  if (to == "native") {
    auto metadata = to_metadata(model.record);
    if (const auto training = model.checkpoint ? training_record(*model.checkpoint) : std::nullopt) add_to(metadata, *training);
    return write(state, metadata);
  }
  const auto plan = plan_for(*model.entry, weights::names_of(state), to);
  if (plan) {
    auto theirs = weights::apply(*plan, state);
    if (model.entry->complete) model.entry->complete(theirs, *model.net, to);
    return write(theirs, {{"format", "pt"}});
  }
  const auto& same = model.entry->same_layout;
  if (to == model.entry->own_layout || std::find(same.begin(), same.end(), to) != same.end()) {
    return write(state, {{"format", "pt"}});
  }
  throw Error(ErrorKind::usage, "--to " + to, "that library has no layout for " + model.entry->name);
}

}  // namespace vitral
