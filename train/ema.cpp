#include "train/ema.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_lerp.h>

#include <algorithm>

#include "train/restore.h"

namespace vitral::train {

Ema::Ema(torch::nn::Module& module, double decay) : values_(weights::state_dict_of(module)), decay_(decay) {
  const at::NoGradGuard no_grad;
  for (const auto& item : values_) averages_.insert(item.key(), item.value().detach().clone());
}

void Ema::update(std::int64_t step) {
  const at::NoGradGuard no_grad;
  const double t = static_cast<double>(step);
  const double decay = std::min(decay_, (1 + t) / (10 + t));
  std::vector<at::Tensor> averages, values;  // on a GPU, where one launch is to serve many
  for (const auto& item : averages_) {
    const auto& value = values_[item.key()];
    if (item.value().scalar_type() == at::kFloat && item.value().is_cuda()) {
      averages.push_back(item.value());
      values.push_back(value.detach());
    } else if (item.value().is_floating_point()) {
      item.value().lerp_(value, 1 - decay);
    } else {
      item.value().copy_(value);
    }
  }
  if (!averages.empty()) at::_foreach_lerp_(averages, values, 1 - decay);
}

void Ema::load(const weights::StateDict& state, const std::string& subject) {
  restore(averages_, state, "average", subject);
}

void Ema::Swapped::swap() {
  if (ema_ == nullptr) return;
  const at::NoGradGuard no_grad;
  for (const auto& item : ema_->averages_) {
    const auto& value = ema_->values_[item.key()];
    const auto kept = value.detach().clone();
    value.detach().copy_(item.value());
    item.value().copy_(kept);
  }
}

}  // namespace vitral::train
