/// The processes that train one network together.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "train/launch.h"

namespace vitral::train {

/// Every function is called by all processes, in the same order. They throw Error(failed) naming the rank where another
/// process has ended or does not answer. Tensors are contiguous; those on a GPU go through the host's memory.
class Peers {
 public:
  virtual ~Peers() = default;
  virtual std::size_t rank() const = 0;
  virtual std::size_t world() const = 0;
  /// Adds up in place what all processes hold; the result has the same bytes on each.
  virtual void sum(const at::Tensor& values) = 0;
  /// Makes `values` what rank 0 holds.
  virtual void take_from_first(const at::Tensor& values) = 0;
  /// What each process holds, by rank.
  virtual std::vector<at::Tensor> gather(const at::Tensor& values) = 0;
};

/// Whether this build can do it: the process group is LibTorch's own (c10d with Gloo, over TCP).
bool can_meet();

/// Waits for the others, two minutes at most. Throws Error(unavailable) where can_meet() is false, Error(failed) where
/// they do not come.
std::unique_ptr<Peers> meet(const Launch& launch);

}  // namespace vitral::train
