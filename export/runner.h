/// Computes an ONNX graph with LibTorch's operators, to compare what was written with what it was written from.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/runtime/detector.h"
#include "export/graph.h"

namespace vitral::onnx {

/// One node with the values of its inputs.
struct Step {
  const Node& node;
  std::vector<at::Tensor> inputs;  ///< undefined: left out

  const at::Tensor& in(std::size_t i) const;
  bool has(std::size_t i) const { return i < inputs.size() && inputs[i].defined(); }
  std::int64_t integer(const std::string& name, std::int64_t otherwise) const;
  float number(const std::string& name, float otherwise) const;
  std::string text(const std::string& name, const std::string& otherwise) const;
  std::vector<std::int64_t> integers(const std::string& name, std::vector<std::int64_t> otherwise = {}) const;
  /// The values of an input of integers.
  std::vector<std::int64_t> list(std::size_t i) const;
  [[noreturn]] void fail(const std::string& why) const;
};

using Computed = std::vector<at::Tensor> (*)(const Step&);
std::map<std::string, Computed> arithmetic_steps();
std::map<std::string, Computed> layer_steps();
std::map<std::string, Computed> shape_steps();

/// Outputs of `graph` for its only input. Throws Error(weights) for a graph that names what it does not hold, or an
/// operator that `lower` never writes.
NamedTensors run(const Graph& graph, const at::Tensor& images);

}  // namespace vitral::onnx
