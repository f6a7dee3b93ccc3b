/// Names of weights, for tests of rename tables.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "common/nn/init.h"
#include "common/runtime/registry.h"
#include "common/weights/keymap.h"
#include "common/weights/state_dict.h"

namespace vitral::test {

using Names = std::vector<std::string>;

/// What a file of our own has of the network.
inline Names names_of_model(const ModelEntry& entry) {
  const nn::SkipInit no_random_numbers;
  Names result;
  for (const auto& each : weights::state_dict_of(entry.build({})->module())) {
    if (!weights::carries_no_weights(each.key())) result.push_back(each.key());
  }
  return result;
}

/// The names that a plan fills.
inline std::set<std::string> targets(const weights::Plan& plan) {
  std::set<std::string> result;
  for (const auto& step : plan.steps) result.insert(step.targets.begin(), step.targets.end());
  return result;
}

}  // namespace vitral::test
