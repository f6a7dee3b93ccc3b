/// The steps that training takes: AdamW, SGD and Lion on groups of parameters.
#pragma once

#include <string>
#include <vector>

#include "common/weights/state_dict.h"
#include "train/parameters.h"

namespace vitral::train {

enum class OptimizerKind {
  adamw,  ///< Loshchilov and Hutter 2019, as torch.optim.AdamW
  sgd,    ///< with momentum, Nesterov's (Sutskever et al. 2013) and decay in the gradient, as torch.optim.SGD
  lion,   ///< Chen et al. 2023, Symbolic Discovery of Optimization Algorithms, as timm's Lion
};

std::string_view to_string(OptimizerKind kind);
/// Throws Error(usage) for another name.
OptimizerKind parse_optimizer(const std::string& name);

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::adamw;
  double beta1 = 0.9, beta2 = 0.999;  ///< of adamw and lion (whose paper takes 0.9, 0.99)
  double epsilon = 1e-8;              ///< of adamw
  double momentum = 0.9;              ///< of sgd
  bool nesterov = true;               ///< of sgd
};

/// What a GPU knows of a step before the host does: one fp32 number each, on the parameters' device.
struct StepGate {
  at::Tensor divisor;  ///< gradients are divided by it (scaled losses, clipping)
  at::Tensor skip;     ///< 1: nothing changes; 0: a step like others
};

/// Keeps moments beside each parameter. Parameters without a gradient are left as they are.
class Optimizer {
 public:
  Optimizer(std::vector<ParameterGroup> groups, const OptimizerOptions& options);

  /// One step with the gradients that lie in the parameters.
  void step(double lr);
  /// The same for parameters on a GPU, without waiting for it (Lion alone asks whether to skip).
  void step(double lr, const StepGate& gate);
  void zero_grad();
  const std::vector<ParameterGroup>& groups() const { return groups_; }
  std::vector<at::Tensor> parameters() const;

  /// The moments by name: "<parameter>.first" and so on; sharing memory.
  weights::StateDict state() const;
  /// Takes over a state of the same parameters. Throws Error(weights, subject, …) where it does not fit.
  void load(const weights::StateDict& stored, const std::string& subject);

 private:
  struct Moments {
    std::vector<at::Tensor> first, second, steps;  // of each parameter of a group
  };
  void step_group(const ParameterGroup& group, Moments& moments, double lr, const StepGate& gate);
  std::vector<ParameterGroup> groups_;
  std::vector<Moments> moments_;
  OptimizerOptions options_;
};

/// Scales the gradients of `parameters` so that their common norm is at most `most` (0: leaves them) and returns the
/// norm before; torch.nn.utils.clip_grad_norm_.
double clip_gradients(const std::vector<at::Tensor>& parameters, double most);

/// The norm of all gradients, one fp32 number on their device, of which the host waits for nothing; undefined where no
/// parameter has one.
at::Tensor gradient_norm(const std::vector<at::Tensor>& parameters);

}  // namespace vitral::train
