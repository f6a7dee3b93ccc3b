/// The processes that train one network together.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "train/launch.h"

namespace vitral::train {

/// Every function is called by all processes, in the same order. They throw Error(failed) naming the rank where another
/// process has ended or does not answer. Tensors are contiguous.
class Peers {
 public:
  virtual ~Peers() = default;
  virtual std::size_t rank() const = 0;
  virtual std::size_t world() const = 0;
  /// What carries the tensors, in words.
  virtual std::string transport() const = 0;
  /// Adds up in place what all processes hold, fp32 or fp64; the result has the same bytes on each.
  virtual void sum(const at::Tensor& values) = 0;
  /// Makes `values` what rank 0 holds.
  virtual void take_from_first(const at::Tensor& values) = 0;
  /// What each process holds, by rank, on the CPU. The same shape and type on each.
  virtual std::vector<at::Tensor> gather(const at::Tensor& values) = 0;
};

/// Waits for the others, two minutes at most. Processes that mpirun started on CPUs meet by MPI where this build has
/// it, all others by LibTorch's own process group: Gloo over TCP, besides NCCL for tensors on GPUs where this build has
/// it. `device`: where this process computes. Throws Error(unavailable) where the build can't, Error(failed) where the
/// others do not come, Error(usage) where nobody said at which machine.
std::unique_ptr<Peers> meet(const Launch& launch, const at::Device& device);

}  // namespace vitral::train
