/// Gradient checkpointing (Chen et al. 2016, Training Deep Nets with Sublinear Memory Cost): a part of a network keeps
/// only what it was given, and computes again what lies between when the backward pass gets there.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <utility>
#include <vector>

namespace vitral::nn {

/// Whether parts that offer it are checkpointed, on this thread and while it lives.
class CheckpointScope {
 public:
  explicit CheckpointScope(bool on);
  ~CheckpointScope();
  CheckpointScope(const CheckpointScope&) = delete;
  CheckpointScope& operator=(const CheckpointScope&) = delete;
  /// Whether one is on, and gradients are wanted.
  static bool is_active();

 private:
  bool before_;
};

/// True while a part is computed for the second time: statistics that are gathered on the way were gathered already.
bool is_recomputing();

using Tensors = std::vector<at::Tensor>;
using CheckpointedPart = std::function<Tensors(const Tensors&)>;

/// part(inputs), of which a CheckpointScope keeps the inputs alone while gradients are wanted. The second computation
/// sees the random numbers and the autocast state of the first one, so its gradients are bit for bit those of a plain
/// run. Whatever a gradient flows to must be among `inputs` (undefined ones are allowed) or a parameter; what `part`
/// captures must live until the backward pass. Outputs are floating-point tensors.
Tensors checkpointed(const CheckpointedPart& part, const Tensors& inputs);

/// The same for a part that makes one tensor of one.
template <class Part>
at::Tensor checkpointed(Part part, at::Tensor x) {
  if (!CheckpointScope::is_active()) return part(std::move(x));
  return checkpointed([part](const Tensors& in) { return Tensors{part(in[0])}; }, Tensors{std::move(x)})[0];
}

}  // namespace vitral::nn
