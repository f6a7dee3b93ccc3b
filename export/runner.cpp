#include "export/runner.h"

#include <ATen/core/grad_mode.h>

#include <unordered_map>

#include "common/core/error.h"
#include "common/core/text.h"

namespace vitral::onnx {
namespace {

const std::map<std::string, Computed>& steps() {
  static const auto table = [] {
    auto all = arithmetic_steps();
    all.merge(layer_steps());
    all.merge(shape_steps());
    return all;
  }();
  return table;
}

template <class Value>
const Value* find(const Node& node, const std::string& name) {
  const auto found = node.attributes.find(name);
  return found == node.attributes.end() ? nullptr : std::get_if<Value>(&found->second);
}

/// fp16 is computed in fp32 and rounded, as runtimes without such instructions do.
std::vector<at::Tensor> computed(Computed compute, Step& step) {
  bool half = false;
  for (auto& input : step.inputs) {
    if (!input.defined() || input.scalar_type() != at::kHalf) continue;
    input = input.to(at::kFloat);
    half = true;
  }
  auto results = compute(step);
  for (auto& result : results) {
    if (half && step.node.op != "Cast" && result.scalar_type() == at::kFloat) result = result.to(at::kHalf);
  }
  return results;
}

/// How many nodes read each value, so that it can be let go after the last of them.
std::unordered_map<std::string, std::size_t> uses_of(const Graph& graph) {
  std::unordered_map<std::string, std::size_t> uses;
  for (const auto& node : graph.nodes) {
    for (const auto& input : node.inputs) ++uses[input];
  }
  for (const auto& output : graph.outputs) ++uses[output.name];
  return uses;
}

}  // namespace

const at::Tensor& Step::in(std::size_t i) const {
  if (!has(i)) fail("input " + std::to_string(i) + " is missing");
  return inputs[i];
}

std::int64_t Step::integer(const std::string& name, std::int64_t otherwise) const {
  const auto* value = find<std::int64_t>(node, name);
  return value == nullptr ? otherwise : *value;
}

float Step::number(const std::string& name, float otherwise) const {
  const auto* value = find<float>(node, name);
  return value == nullptr ? otherwise : *value;
}

std::string Step::text(const std::string& name, const std::string& otherwise) const {
  const auto* value = find<std::string>(node, name);
  return value == nullptr ? otherwise : *value;
}

std::vector<std::int64_t> Step::integers(const std::string& name, std::vector<std::int64_t> otherwise) const {
  const auto* value = find<std::vector<std::int64_t>>(node, name);
  return value == nullptr ? otherwise : *value;
}

std::vector<std::int64_t> Step::list(std::size_t i) const {
  const auto plain = in(i).to(at::kLong).contiguous();
  return {plain.const_data_ptr<std::int64_t>(), plain.const_data_ptr<std::int64_t>() + plain.numel()};
}

void Step::fail(const std::string& why) const {
  throw Error(ErrorKind::weights, "ONNX node " + printable(node.op + " " + join(node.outputs), 200), why);
}

NamedTensors run(const Graph& graph, const at::Tensor& images) {
  const at::NoGradGuard no_grad;
  std::unordered_map<std::string, at::Tensor> values;
  if (graph.inputs.size() != 1)
    throw Error(ErrorKind::weights, "ONNX graph", "has " + std::to_string(graph.inputs.size()) + " inputs, expected 1");
  for (const auto& [name, tensor] : graph.constants) values[name] = tensor;
  values[graph.inputs[0].name] = images;
  auto uses = uses_of(graph);
  for (const auto& node : graph.nodes) {
    Step step{node, {}};
    for (const auto& input : node.inputs) {
      const auto found = values.find(input);
      if (!input.empty() && found == values.end())
        step.fail("input '" + printable(input, 100) + "' is computed nowhere before");
      step.inputs.push_back(input.empty() ? at::Tensor() : found->second);
    }
    const auto compute = steps().find(node.op);
    if (compute == steps().end()) step.fail("is an operator that vitral does not write");
    const auto results = computed(compute->second, step);
    if (results.size() < node.outputs.size()) step.fail("has too many outputs");
    for (std::size_t i = 0; i < node.outputs.size(); ++i) values[node.outputs[i]] = results[i];
    for (const auto& input : node.inputs) {
      if (--uses[input] == 0) values.erase(input);
    }
  }
  NamedTensors outputs;
  for (const auto& port : graph.outputs) {
    const auto found = values.find(port.name);
    if (found == values.end())
      throw Error(ErrorKind::weights, "ONNX graph", "output '" + printable(port.name, 100) + "' is computed nowhere");
    outputs.emplace_back(port.name, found->second);
  }
  return outputs;
}

}  // namespace vitral::onnx
