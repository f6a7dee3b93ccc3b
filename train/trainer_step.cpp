// One step: its batches forward and backward, then the optimiser. On a GPU nothing waits for it but the last line.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "common/core/error.h"
#include "common/core/text.h"
#include "common/nn/checkpoint.h"
#include "train/augment.h"
#include "train/autocast.h"
#include "train/out_of_memory.h"
#include "train/together.h"
#include "train/trainer.h"

namespace vitral::train {
namespace {

double value_of(const at::Tensor& scalar) {
  return scalar.detach().to(at::kCPU, at::kDouble).item<double>();
}

/// The losses of a batch and, last, their sum.
std::vector<double> values_of(const NamedTensors& parts, const at::Tensor& total) {
  std::vector<double> values;
  for (const auto& [name, loss] : parts) values.push_back(value_of(loss));
  values.push_back(value_of(total));
  return values;
}

}  // namespace

BatchQueue::Batch Trainer::next_batch() {
  try {
    return batches_->next();
  } catch (const std::exception& error) {  // of a batch that is made ahead, on its way to a GPU
    if (!is_out_of_memory(error)) throw;
    const auto [height, width] = largest_input(model_.record.preprocess, model_.entry->task);
    throw no_memory_for(model_.entry->name, {options_.batch, 3, height, width}, setup_.device);
  }
}

Trainer::Group Trainer::next_group() {
  Group group;
  const auto epoch = next_position().epoch;
  while (static_cast<std::int64_t>(group.size()) < options_.accumulate && next_position().epoch == epoch) {
    auto batch = next_batch();
    const auto& loaded = batch.loaded;
    for (const auto& problem : loaded.problems) listener_.warning("skipped: " + problem);
    state_.meters.bad_pictures += static_cast<std::int64_t>(loaded.problems.size());
    if (!loaded.samples.empty()) group.push_back(std::move(batch));
  }
  return group;
}

NamedTensors Trainer::losses(const SampleBatch& batch, double object_count) {
  const Autocast autocast(setup_.device, options_.amp);
  const nn::CheckpointScope checkpoints(options_.checkpointing);
  return objective_->losses(batch, object_count);
}

/// Adds what a batch cost, as values_of tells it, to what the step costs.
void Trainer::add(Pass& pass, const std::vector<double>& values, double share) {
  for (std::size_t i = 0; i < pass.parts.size(); ++i) pass.parts[i].second += values[i] * share;
  pass.loss += values.back() * share;
  pass.finite = pass.finite && std::isfinite(values.back());
}

/// The same for all batches, [batches, parts + 1].
void Trainer::read(Pass& pass, const at::Tensor& numbers) {
  const auto host = numbers.to(at::kCPU, at::kDouble).contiguous();
  const auto width = static_cast<std::size_t>(host.size(1));
  for (std::int64_t i = 0; i < host.size(0); ++i) {
    const double* row = host.const_data_ptr<double>() + static_cast<std::size_t>(i) * width;
    add(pass, {row, row + width}, 1.0 / static_cast<double>(host.size(0)));
  }
}

Trainer::Pass Trainer::backward(Group& group) {
  Pass pass;
  const auto objects = objects_of(group);
  const double share = 1.0 / static_cast<double>(group.size());
  const double scale = options_.amp == Amp::fp16 ? scaler_.scale() : 1.0;
  const bool reads_later = !setup_.device.is_cpu();  // the host runs ahead of a GPU, which reading would end
  std::vector<at::Tensor> later;
  for (std::size_t batch = 0; batch < group.size(); ++batch) {
    const auto& samples = group[batch].loaded.samples;
    for (const auto& sample : samples) pass.names.push_back(sample.name);
    pass.pictures += samples.size();
    const auto tensors = batches_->tensors(group[batch]);
    try {
      const auto parts = losses(tensors, objects[batch]);
      at::Tensor total;
      for (const auto& [name, loss] : parts) {
        total = total.defined() ? total + loss : loss;
        if (batch == 0) pass.parts.emplace_back(name, 0.0);
        if (reads_later) later.push_back(loss.detach().to(at::kFloat));
      }
      if (reads_later) {
        later.push_back(total.detach().to(at::kFloat));
      } else {
        add(pass, values_of(parts, total), share);
        if (!pass.finite) break;
      }
      (total * (share * scale)).backward();
    } catch (const std::exception& error) {
      if (!is_out_of_memory(error)) throw;
      throw no_memory_for(model_.entry->name, tensors.images.sizes(), setup_.device);
    }
  }
  if (reads_later) pass.numbers = at::stack(later).view({static_cast<std::int64_t>(group.size()), -1});
  if (reads_later && setup_.peers != nullptr) read(pass, pass.numbers);  // all processes have to agree first
  return agreed(std::move(pass));
}

/// Of each batch of the group, the objects of all processes per process; 0 where one process counts for itself.
std::vector<double> Trainer::objects_of(const Group& group) {
  std::vector<double> counts(static_cast<std::size_t>(options_.accumulate), 0.0);
  if (setup_.peers == nullptr) return counts;
  for (std::size_t i = 0; i < group.size(); ++i) {
    for (const auto& sample : group[i].loaded.samples) {
      for (const auto& object : sample.objects) counts[i] += object.crowd ? 0 : 1;
    }
  }
  counts = sum_of(setup_.peers, std::move(counts));
  for (auto& each : counts) each /= static_cast<double>(setup_.peers->world());
  return counts;
}

/// A step is taken by all processes or by none; what is told of it is the mean.
Trainer::Pass Trainer::agreed(Pass pass) {
  if (setup_.peers == nullptr) return pass;
  pass.finite = !any_of(setup_.peers, !pass.finite);
  if (!pass.finite) return pass;
  std::vector<double> numbers{static_cast<double>(pass.pictures), pass.loss};
  for (const auto& [name, value] : pass.parts) numbers.push_back(value);
  numbers = sum_of(setup_.peers, std::move(numbers));
  const auto world = static_cast<double>(setup_.peers->world());
  pass.pictures = static_cast<std::size_t>(numbers[0]);
  pass.loss = numbers[1] / world;
  for (std::size_t i = 0; i < pass.parts.size(); ++i) pass.parts[i].second = numbers[i + 2] / world;
  return pass;
}

bool Trainer::apply(Pass& pass, double lr) {
  if (!setup_.device.is_cpu()) return apply_on_gpu(pass, lr);
  if (!pass.finite) return false;
  const auto parameters = optimizer_.parameters();
  average_gradients(setup_.peers, parameters);
  if (options_.amp == Amp::fp16) {
    for (const auto& parameter : parameters) {
      if (parameter.grad().defined()) parameter.grad().div_(scaler_.scale());
    }
  }
  const double norm = clip_gradients(parameters, options_.clip);
  const bool finite = std::isfinite(norm);
  if (options_.amp == Amp::fp16) scaler_.update(finite);
  if (!finite) return false;
  optimizer_.step(lr);
  ++state_.step;
  if (ema_) ema_->update(state_.step);
  state_.meters.gradient_norm += norm;
  return true;
}

/// The step is launched before the host knows whether it should be: the GPU leaves it out itself where a loss or a
/// gradient is no finite number. Losses and norm then come in one copy.
bool Trainer::apply_on_gpu(Pass& pass, double lr) {
  if (!pass.finite) return false;
  const at::NoGradGuard no_grad;
  const auto parameters = optimizer_.parameters();
  average_gradients(setup_.peers, parameters);
  const double scale = options_.amp == Amp::fp16 ? scaler_.scale() : 1.0;
  auto norm = gradient_norm(parameters);
  norm = norm.defined() ? norm / scale : at::zeros({}, pass.numbers.options());
  const auto all = at::cat({norm.view({1}), pass.numbers.flatten()});  // fp32 [1 + batches * (parts + 1)]
  StepGate gate;
  gate.skip = at::isfinite(all).all().logical_not().to(at::kFloat);
  const auto excess = options_.clip > 0 ? ((norm + 1e-6) / options_.clip).clamp_min(1.0) : at::ones_like(norm);
  gate.divisor = excess * scale;
  optimizer_.step(lr, gate);

  const auto host = all.to(at::kCPU);
  if (setup_.peers == nullptr) read(pass, host.narrow(0, 1, host.numel() - 1).view(pass.numbers.sizes()));
  if (!pass.finite) return false;
  const double length = host[0].item<double>();
  const bool finite = std::isfinite(length);
  if (options_.amp == Amp::fp16) scaler_.update(finite);
  if (!finite) return false;
  ++state_.step;
  if (ema_) ema_->update(state_.step);
  state_.meters.gradient_norm += length;
  return true;
}

/// With fp16 a gradient that overflows is how the scale is found; it is no failure of the pictures.
void Trainer::skip(const Pass& pass) {
  ++state_.meters.bad_steps;
  ++state_.bad_in_row;
  if (pass.finite && options_.amp == Amp::fp16 && scaler_.scale() >= 1) return;
  listener_.warning("step " + std::to_string(state_.step) + " has no finite " + (pass.finite ? "gradient" : "loss") +
                    " and is left out; its pictures: " + printable(join(pass.names), 1000));
  if (state_.bad_in_row < options_.most_bad_steps) return;
  throw Error(ErrorKind::failed, "training",
              std::to_string(state_.bad_in_row) + " steps in a row had no finite loss; the last good checkpoint is " +
                  printable(setup_.files.last().string()) + ". A lower --lr, --clip or --amp off may help");
}

}  // namespace vitral::train
