#include "train/optimizer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "common/core/error.h"
#include "common/core/text.h"
#include "train/restore.h"

namespace vitral::train {
namespace {

/// p decays, then moves by the sign of a mean of gradient and momentum; the momentum follows (algorithm 2).
void lion_step(const at::Tensor& parameter, const at::Tensor& momentum, double lr, double decay,
               const OptimizerOptions& options) {
  const auto& gradient = parameter.grad();
  parameter.mul_(1 - lr * decay);
  parameter.add_((momentum * options.beta1 + gradient * (1 - options.beta1)).sign_(), -lr);
  momentum.mul_(options.beta2).add_(gradient, 1 - options.beta2);
}

}  // namespace

std::string_view to_string(OptimizerKind kind) {
  switch (kind) {
    case OptimizerKind::sgd:
      return "sgd";
    case OptimizerKind::lion:
      return "lion";
    case OptimizerKind::adamw:
      break;
  }
  return "adamw";
}

OptimizerKind parse_optimizer(const std::string& name) {
  for (const auto kind : {OptimizerKind::adamw, OptimizerKind::sgd, OptimizerKind::lion}) {
    if (to_string(kind) == name) return kind;
  }
  throw Error(ErrorKind::usage, "--optimizer", "'" + printable(name, 50) + "' is none of adamw, sgd, lion");
}

Optimizer::Optimizer(std::vector<ParameterGroup> groups, const OptimizerOptions& options)
    : groups_(std::move(groups)), options_(options) {
  for (const auto& group : groups_) {
    Moments moments;
    for (const auto& parameter : group.tensors) {
      moments.first.push_back(at::zeros_like(parameter));
      if (options_.kind != OptimizerKind::adamw) continue;
      moments.second.push_back(at::zeros_like(parameter));
      moments.steps.push_back(at::zeros({}, parameter.options().dtype(at::kFloat)));
    }
    moments_.push_back(std::move(moments));
  }
}

void Optimizer::step(double lr) {
  step(lr, {});
}

void Optimizer::step(double lr, const StepGate& gate) {
  const at::NoGradGuard no_grad;
  if (options_.kind == OptimizerKind::lion && gate.skip.defined()) {
    if (gate.skip.item<double>() != 0) return;
    for (const auto& parameter : parameters()) {
      if (parameter.grad().defined()) parameter.grad().div_(gate.divisor);
    }
  }
  for (std::size_t i = 0; i < groups_.size(); ++i) step_group(groups_[i], moments_[i], lr * groups_[i].lr_scale, gate);
}

void Optimizer::step_group(const ParameterGroup& group, Moments& moments, double lr, const StepGate& gate) {
  std::vector<at::Tensor> parameters, gradients, first, second, highest, steps;
  for (std::size_t i = 0; i < group.tensors.size(); ++i) {
    const auto& gradient = group.tensors[i].grad();
    if (!gradient.defined()) continue;
    if (options_.kind == OptimizerKind::lion) {
      lion_step(group.tensors[i], moments.first[i], lr, group.weight_decay, options_);
      continue;
    }
    parameters.push_back(group.tensors[i]);
    gradients.push_back(gradient);
    first.push_back(moments.first[i]);
    if (options_.kind != OptimizerKind::adamw) continue;
    second.push_back(moments.second[i]);
    steps.push_back(moments.steps[i]);
  }
  if (parameters.empty()) return;
  std::optional<at::Tensor> divisor, skip;
  if (gate.skip.defined()) {
    divisor = gate.divisor;
    skip = gate.skip;
  }
  if (options_.kind == OptimizerKind::adamw) {
    if (skip) {
      at::_foreach_add_(steps, 1 - *skip);
    } else {
      at::_foreach_add_(steps, 1);
    }
    at::_fused_adamw_(parameters, gradients, first, second, highest, steps, lr, options_.beta1, options_.beta2,
                      group.weight_decay, options_.epsilon, /*amsgrad=*/false, /*maximize=*/false, divisor, skip);
  } else {
    // Without damping a momentum that starts at zero is that of torch's first step.
    at::_fused_sgd_(parameters, gradients, first, group.weight_decay, options_.momentum, lr, /*dampening=*/0.0,
                    options_.nesterov, /*maximize=*/false, /*is_first_step=*/false, divisor, skip);
  }
}

void Optimizer::zero_grad() {
  for (auto& group : groups_) {
    for (auto& parameter : group.tensors) parameter.mutable_grad().reset();
  }
}

std::vector<at::Tensor> Optimizer::parameters() const {
  std::vector<at::Tensor> all;
  for (const auto& group : groups_) all.insert(all.end(), group.tensors.begin(), group.tensors.end());
  return all;
}

weights::StateDict Optimizer::state() const {
  weights::StateDict state;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    for (std::size_t k = 0; k < groups_[i].names.size(); ++k) {
      const auto& name = groups_[i].names[k];
      state.insert(name + ".first", moments_[i].first[k]);
      if (options_.kind != OptimizerKind::adamw) continue;
      state.insert(name + ".second", moments_[i].second[k]);
      state.insert(name + ".steps", moments_[i].steps[k]);
    }
  }
  return state;
}

void Optimizer::load(const weights::StateDict& stored, const std::string& subject) {
  restore(state(), stored, "moment", subject);
}

at::Tensor gradient_norm(const std::vector<at::Tensor>& parameters) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const auto& parameter : parameters) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  if (gradients.empty()) return {};
  return at::stack(at::_foreach_norm(gradients, 2, at::kFloat)).norm();
}

double clip_gradients(const std::vector<at::Tensor>& parameters, double most) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> norms;
  for (const auto& parameter : parameters) {
    if (parameter.grad().defined()) norms.push_back(parameter.grad().norm().to(at::kFloat));
  }
  if (norms.empty()) return 0;
  const double norm = at::stack(norms).norm().item<double>();
  if (most <= 0 || !(norm > most)) return norm;
  for (const auto& parameter : parameters) {
    if (parameter.grad().defined()) parameter.grad().mul_(most / (norm + 1e-6));
  }
  return norm;
}

}  // namespace vitral::train
