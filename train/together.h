/// What the processes of one run agree on. Every function takes null for a run of one process, whose own answer it
/// gives.
#pragma once

#include <torch/nn/module.h>

#include "common/weights/state_dict.h"
#include "train/peers.h"

namespace vitral::train {

/// Element by element over all processes.
std::vector<double> sum_of(Peers* peers, std::vector<double> values);
/// Whether it is so for one of them at least.
bool any_of(Peers* peers, bool here);
/// What rank 0 says.
double of_first(Peers* peers, double value);

/// Puts the mean over all processes into the gradients, the same bytes on each. One that no process has stays
/// undefined; where only some have it, the others count as zero.
void average_gradients(Peers* peers, const std::vector<at::Tensor>& parameters);

/// Parameters and buffers become those of rank 0.
void share_weights(Peers* peers, torch::nn::Module& module);
void share_buffers(Peers* peers, torch::nn::Module& module);

/// The state of the device's random numbers: "generator" of rank 0, "generator.1" of the next, and so on.
weights::StateDict random_states(Peers* peers, const at::Device& device);
/// Sets that of this process.
void set_random_state(Peers* peers, const at::Device& device, const weights::StateDict& states);

}  // namespace vitral::train
