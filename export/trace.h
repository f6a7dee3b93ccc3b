/// What a network computes, operator by operator, as it is seen while it runs once.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <functional>
#include <string>
#include <vector>

#include "common/runtime/detector.h"

namespace vitral::onnx {

/// One outermost call of a LibTorch operator. The values are kept alive, so that a tensor's address names it.
struct Call {
  std::string name;  ///< "aten::linear"
  std::vector<c10::IValue> inputs, outputs;
};

struct Trace {
  at::Tensor images;
  std::vector<Call> calls;  ///< in the order in which they ended
  NamedTensors outputs;
};

/// Runs `forward` with gradients wanted, so that layers compute by LibTorch's operators instead of kernels that nobody
/// dispatches, and records what this thread calls. Operators that others call are part of these.
/// images: fp32 [B, C, H, W].
Trace trace(const at::Tensor& images, const std::function<NamedTensors(const at::Tensor&)>& forward);

/// The tensors of an argument or result, in order; undefined ones are left out.
std::vector<at::Tensor> tensors_of(const c10::IValue& value);
std::vector<at::Tensor> tensors_of(const std::vector<c10::IValue>& values);

}  // namespace vitral::onnx
