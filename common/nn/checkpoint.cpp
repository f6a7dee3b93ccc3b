#include "common/nn/checkpoint.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

namespace vitral::nn {
namespace {

// Parts are called deep inside networks, whose signatures shall not carry how they are trained.
thread_local bool scope_is_on = false;
thread_local bool second_time = false;

/// Sets a value for as long as it lives.
class Set {
 public:
  Set(bool& value, bool to) : value_(value), before_(value) { value = to; }
  ~Set() { value_ = before_; }
  Set(const Set&) = delete;
  Set& operator=(const Set&) = delete;

 private:
  bool& value_;
  bool before_;
};

/// What the outcome of a part depends on beside its inputs.
class Surroundings {
 public:
  explicit Surroundings(const at::Device& device) : device_(device) {
    autocast_ = at::autocast::is_autocast_enabled(device.type());
    dtype_ = at::autocast::get_autocast_dtype(device.type());
    for (const auto& each : generators()) random_.push_back(each.get_state());
  }

  void put() const {
    at::autocast::set_autocast_enabled(device_.type(), autocast_);
    at::autocast::set_autocast_dtype(device_.type(), dtype_);
    auto all = generators();
    for (std::size_t i = 0; i < all.size(); ++i) all[i].set_state(random_[i]);
  }
  const at::Device& device() const { return device_; }

 private:
  std::vector<at::Generator> generators() const {
    std::vector<at::Generator> all{at::globalContext().defaultGenerator(at::kCPU)};
    if (!device_.is_cpu()) all.push_back(at::globalContext().defaultGenerator(device_));
    return all;
  }

  at::Device device_;
  bool autocast_ = false;
  at::ScalarType dtype_ = at::kFloat;
  Tensors random_;
};

/// Puts earlier surroundings back, and what was there before when it ends.
class Restored {
 public:
  explicit Restored(const Surroundings& then) : now_(then.device()) {
    then.put();
    at::autocast::increment_nesting();
  }
  ~Restored() {
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    now_.put();
  }
  Restored(const Restored&) = delete;
  Restored& operator=(const Restored&) = delete;

 private:
  Surroundings now_;
};

struct Saved : torch::CustomClassHolder {
  Saved(CheckpointedPart part, const at::Device& device, std::vector<bool> defined)
      : part(std::move(part)), surroundings(device), defined(std::move(defined)) {}
  CheckpointedPart part;
  Surroundings surroundings;
  std::vector<bool> defined;  // of the part's inputs
};

/// Inputs cut off from the graph that they come from, with undefined ones in their places.
Tensors cut_off(at::TensorList present, const std::vector<bool>& defined) {
  Tensors inputs;
  std::size_t next = 0;
  for (const bool each : defined) {
    inputs.push_back(each ? present[next].detach().requires_grad_(present[next].requires_grad()) : at::Tensor());
    next += each ? 1 : 0;
  }
  return inputs;
}

struct Recomputed : torch::autograd::Function<Recomputed> {
  static Tensors forward(torch::autograd::AutogradContext* context, at::TensorList present,
                         const c10::intrusive_ptr<Saved>& saved) {
    context->saved_data["saved"] = c10::IValue::make_capsule(saved);
    context->save_for_backward(present.vec());
    context->set_materialize_grads(false);
    // With gradients, as a plain run would: other kernels may serve inference. The graph is dropped at once.
    const at::AutoGradMode with_gradients(true);
    Tensors outputs = saved->part(cut_off(present, saved->defined));
    for (auto& each : outputs) each = each.detach();
    return outputs;
  }

  static Tensors backward(torch::autograd::AutogradContext* context, Tensors gradients) {
    const auto capsule = context->saved_data["saved"].toCapsule();
    const auto& saved = static_cast<const Saved&>(*capsule);
    const auto inputs = cut_off(context->get_saved_variables(), saved.defined);
    Tensors outputs;
    {
      const Restored restored(saved.surroundings);
      const Set again(second_time, true);
      const Set plain(scope_is_on, false);
      const at::AutoGradMode with_gradients(true);
      outputs = saved.part(inputs);
    }
    Tensors roots, flows;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (!gradients[i].defined() || !outputs[i].requires_grad()) continue;
      roots.push_back(outputs[i]);
      flows.push_back(gradients[i]);
    }
    if (!roots.empty()) torch::autograd::backward(roots, flows);
    Tensors result;
    for (const auto& each : inputs) {
      if (each.defined()) result.push_back(each.grad());
    }
    result.emplace_back();  // of `saved`
    return result;
  }
};

}  // namespace

CheckpointScope::CheckpointScope(bool on) : before_(scope_is_on) {
  scope_is_on = on;
}

CheckpointScope::~CheckpointScope() {
  scope_is_on = before_;
}

bool CheckpointScope::is_active() {
  return scope_is_on && at::GradMode::is_enabled();
}

bool is_recomputing() {
  return second_time;
}

Tensors checkpointed(const CheckpointedPart& part, const Tensors& inputs) {
  const auto wants_gradient = [](const at::Tensor& each) { return each.defined() && each.requires_grad(); };
  // Without an input that the gradient goes on to, the backward pass would never get here.
  if (!CheckpointScope::is_active() || std::none_of(inputs.begin(), inputs.end(), wants_gradient)) return part(inputs);
  Tensors present;
  std::vector<bool> defined;
  for (const auto& each : inputs) {
    defined.push_back(each.defined());
    if (each.defined()) present.push_back(each);
  }
  return Recomputed::apply(at::TensorList(present),
                           c10::make_intrusive<Saved>(part, present.front().device(), std::move(defined)));
}

}  // namespace vitral::nn
