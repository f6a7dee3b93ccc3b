#include "train/together.h"

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

namespace vitral::train {
namespace {

constexpr std::int64_t kBucket = 25 << 18;  // numbers that travel at once: 25 MiB of fp32

at::Generator generator_of(const at::Device& device) {
  return at::globalContext().defaultGenerator(device);
}

std::string name_of(std::size_t rank) {
  return rank == 0 ? "generator" : "generator." + std::to_string(rank);
}

/// Adds up tensors of one device as one.
void sum_flat(Peers& peers, const std::vector<at::Tensor>& tensors) {
  std::int64_t count = 0;
  for (const auto& each : tensors) count += each.numel();
  const auto flat = at::empty({count}, tensors[0].options().dtype(at::kFloat));
  std::int64_t at = 0;
  for (const auto& each : tensors) {
    flat.narrow(0, at, each.numel()).copy_(each.reshape({-1}));
    at += each.numel();
  }
  peers.sum(flat);
  flat.div_(static_cast<double>(peers.world()));
  at = 0;
  for (const auto& each : tensors) {
    each.copy_(flat.narrow(0, at, each.numel()).view(each.sizes()));
    at += each.numel();
  }
}

void take_from_first(Peers& peers, const std::vector<at::Tensor>& tensors) {
  const at::NoGradGuard no_grad;
  for (const auto& each : tensors) {
    if (each.numel() == 0) continue;
    const auto dense = each.detach().contiguous();
    peers.take_from_first(dense);
    each.copy_(dense);
  }
}

}  // namespace

std::vector<double> sum_of(Peers* peers, std::vector<double> values) {
  if (peers == nullptr || values.empty()) return values;
  const auto tensor = at::tensor(values, at::kDouble);
  peers->sum(tensor);
  return {tensor.const_data_ptr<double>(), tensor.const_data_ptr<double>() + tensor.numel()};
}

bool any_of(Peers* peers, bool here) {
  return sum_of(peers, {here ? 1.0 : 0.0})[0] > 0;
}

double of_first(Peers* peers, double value) {
  if (peers == nullptr) return value;
  const auto tensor = at::tensor(std::vector<double>{value}, at::kDouble);
  peers->take_from_first(tensor);
  return tensor.item<double>();
}

void average_gradients(Peers* peers, const std::vector<at::Tensor>& parameters) {
  if (peers == nullptr) return;
  const at::NoGradGuard no_grad;
  std::vector<double> defined;
  for (const auto& each : parameters) defined.push_back(each.grad().defined() ? 1 : 0);
  defined = sum_of(peers, std::move(defined));
  std::vector<at::Tensor> bucket;
  std::int64_t held = 0;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (defined[i] == 0) continue;
    const auto& parameter = parameters[i];
    if (!parameter.grad().defined()) parameter.mutable_grad() = at::zeros_like(parameter);
    if (held > 0 && held + parameter.numel() > kBucket) {
      sum_flat(*peers, bucket);
      bucket.clear();
      held = 0;
    }
    bucket.push_back(parameter.grad());
    held += parameter.numel();
  }
  if (!bucket.empty()) sum_flat(*peers, bucket);
}

void share_buffers(Peers* peers, torch::nn::Module& module) {
  if (peers != nullptr) take_from_first(*peers, module.buffers());
}

void share_weights(Peers* peers, torch::nn::Module& module) {
  if (peers == nullptr) return;
  take_from_first(*peers, module.parameters());
  share_buffers(peers, module);
}

weights::StateDict random_states(Peers* peers, const at::Device& device) {
  const auto own = generator_of(device).get_state();
  const auto all = peers == nullptr ? std::vector<at::Tensor>{own} : peers->gather(own);
  weights::StateDict states;
  for (std::size_t i = 0; i < all.size(); ++i) states.insert(name_of(i), all[i]);
  return states;
}

void set_random_state(Peers* peers, const at::Device& device, const weights::StateDict& states) {
  generator_of(device).set_state(states[name_of(peers == nullptr ? 0 : peers->rank())]);
}

}  // namespace vitral::train
