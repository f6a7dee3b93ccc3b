/// Processes that meet over TCP, as torchrun's do: LibTorch's own process groups (c10d).
#pragma once

#include "train/peers.h"

namespace vitral::train {

/// Whether this build can do it: its LibTorch has c10d with Gloo.
bool has_gloo();

/// Tensors of the CPU go by Gloo; those of a GPU by NCCL where this build has its module, else through the host's
/// memory. Throws as meet() does.
std::unique_ptr<Peers> meet_by_tcp(const Launch& launch, const at::Device& device);

}  // namespace vitral::train
