/// A network as ONNX describes one: plain values, no file format.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace vitral::onnx {

using AttributeValue =
    std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>, std::vector<float>, at::Tensor>;

/// One operator. An empty input name stands for an optional input that is left out.
struct Node {
  std::string op;  ///< ONNX's name, opset 17
  std::vector<std::string> inputs, outputs;
  std::map<std::string, AttributeValue> attributes;
};

/// An input or an output of the whole network.
struct Port {
  std::string name;
  at::ScalarType dtype = at::kFloat;
  std::vector<std::int64_t> shape;  ///< -1: the number of pictures in a batch
};

/// Nodes in an order in which each finds its inputs computed.
struct Graph {
  std::string name, description;
  std::vector<Node> nodes;
  std::vector<std::pair<std::string, at::Tensor>> constants;  ///< parameters under their checkpoint names, and the rest
  std::vector<Port> inputs, outputs;
  std::map<std::string, std::string> metadata;
};

}  // namespace vitral::onnx
