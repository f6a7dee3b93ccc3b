/// Which parameters learn, how fast, and which of them decay.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <string>
#include <vector>

namespace vitral::train {

/// Parameters with one learning rate and one weight decay.
struct ParameterGroup {
  std::vector<std::string> names;
  std::vector<at::Tensor> tensors;
  double lr_scale = 1.0;  ///< of the schedule's rate
  double weight_decay = 0.0;
};

struct GroupRules {
  double weight_decay = 0.0;  ///< of weights; norms, biases and tables of positions never decay
  double backbone_lr = 1.0;   ///< factor for parameters below a detector's `backbone`
  /// Each layer learns that much slower than the next one (Bao et al. 2022, BEiT; Clark et al. 2020); 1: all alike.
  double layer_decay = 1.0;
  std::vector<std::string> freeze;  ///< patterns with * and ? of names that do not learn
};

/// Whether a parameter is a norm, a bias or a table: what timm's models exempt from decay.
bool is_exempt_from_decay(const std::string& name, const at::Tensor& tensor);

/// The layer of each parameter, 0 for the stem, rising, the same for all of a block; `norm` counts
/// with the last block; what else belongs to no block and is no stem is one layer above it (timm's groups).
std::vector<std::int64_t> layers_of(const std::vector<std::string>& names);

/// Groups in the order of registration. Turns gradients off for frozen parameters. Throws Error(usage) for a pattern
/// that names nothing, and where nothing is left to learn.
std::vector<ParameterGroup> group_parameters(torch::nn::Module& module, const GroupRules& rules);

/// True where `name` is matched by a pattern with * (anything) and ? (one character).
bool matches_pattern(std::string_view pattern, std::string_view name);

}  // namespace vitral::train
