#include "export/half.h"

#include <ATen/ops/rsqrt.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>

#include "common/core/error.h"

namespace vitral::onnx {
namespace {

constexpr double kLargest = 65504.0, kLeast = 6.104e-5;     // of normal fp16 numbers
constexpr std::int64_t kFloatNumber = 1, kHalfNumber = 10;  // TensorProto.DataType

using Constants = std::unordered_map<std::string, at::Tensor>;

/// Batch norms right behind a convolution that nobody else reads, as weights of it.
class Folding {
 public:
  explicit Folding(Graph& graph) : graph_(graph) {
    for (const auto& [name, tensor] : graph.constants) constants_[name] = tensor;
    for (const auto& node : graph.nodes) {
      for (const auto& input : node.inputs) ++uses_[input];
    }
  }

  void run() {
    std::unordered_map<std::string, std::size_t> convolutions;  // output -> node
    std::vector<Node> nodes;
    for (auto& node : graph_.nodes) {
      const auto found = node.op == "BatchNormalization" ? convolutions.find(node.inputs[0]) : convolutions.end();
      if (found != convolutions.end() && uses_[node.inputs[0]] == 1 && uses_[nodes[found->second].inputs[1]] == 1 &&
          constants_.contains(nodes[found->second].inputs[1])) {
        fold(nodes[found->second], node);
        continue;
      }
      if (node.op == "Conv") convolutions[node.outputs[0]] = nodes.size();
      nodes.push_back(std::move(node));
    }
    graph_.nodes = std::move(nodes);
    for (auto& [name, tensor] : graph_.constants) tensor = constants_.at(name);
    for (auto& added : added_) graph_.constants.push_back(std::move(added));
  }

 private:
  void fold(Node& conv, const Node& norm) {
    const auto value = [&](std::size_t i) { return constants_.at(norm.inputs[i]); };
    const double eps = std::get<float>(norm.attributes.at("epsilon"));
    const auto scale = value(1) * at::rsqrt(value(4) + eps);
    auto& weight = constants_.at(conv.inputs[1]);
    weight = weight * scale.view({-1, 1, 1, 1});
    auto shift = value(2) - value(3) * scale;
    if (conv.inputs.size() > 2) shift = shift + constants_.at(conv.inputs[2]) * scale;
    conv.inputs.resize(2);
    conv.inputs.push_back(conv.inputs[1] + ".shift");
    added_.emplace_back(conv.inputs[2], shift);
    conv.outputs = norm.outputs;
  }

  Graph& graph_;
  Constants constants_;
  std::unordered_map<std::string, std::size_t> uses_;
  std::vector<std::pair<std::string, at::Tensor>> added_;
};

/// Always in fp16: the work, and the weights.
const std::set<std::string> kProducts{"Conv", "MatMul", "Gemm"};
/// As precise as what comes in.
const std::set<std::string> kNeutral{
    "Add",     "Sub",       "Mul",    "Max",     "Min",    "Relu",           "Clip",  "Where",     "Concat",
    "Reshape", "Transpose", "Expand", "Tile",    "Gather", "GatherElements", "Slice", "Unsqueeze", "MaxPool",
    "Resize",  "Pad",       "Erf",    "Sigmoid", "Tanh"};
const std::set<std::string> kComparisons{"Equal",       "Greater", "Less", "GreaterOrEqual",
                                         "LessOrEqual", "And",     "Or",   "Not"};

/// Weights may lose what fp16 can't tell from 0; a number of its own (a bound, a factor) may not.
bool fits(const at::Tensor& tensor) {
  const auto size = tensor.abs();
  const auto finite = size.masked_select(size != INFINITY);
  if (finite.numel() > 0 && finite.max().item<double>() > kLargest) return false;
  if (tensor.numel() != 1 || finite.numel() == 0) return true;
  const double only = finite.item<double>();
  return only == 0 || only >= kLeast;
}

class Halving {
 public:
  explicit Halving(Graph graph) : graph_(std::move(graph)) {
    for (const auto& [name, tensor] : graph_.constants) {
      constants_[name] = tensor;
      types_[name] = tensor.scalar_type();
    }
    for (const auto& port : graph_.inputs) types_[port.name] = port.dtype;
  }

  Graph run() {
    for (auto& node : graph_.nodes) add(std::move(node));
    graph_.nodes = std::move(nodes_);
    std::vector<std::pair<std::string, at::Tensor>> constants;
    for (auto& [name, tensor] : graph_.constants) {
      if (halved_.contains(name)) constants.emplace_back(halved_.at(name), tensor.to(at::kHalf));
      if (whole_.contains(name)) constants.emplace_back(name, tensor);
    }
    graph_.constants = std::move(constants);
    return std::move(graph_);
  }

  /// A first pass tells which constants are needed as they are, so that the others keep their names.
  void whole_constants(const std::set<std::string>& names) { known_whole_ = names; }
  const std::set<std::string>& whole() const { return whole_; }

 private:
  bool is_float(const std::string& name) const {
    const auto found = types_.find(name);
    return found != types_.end() && (found->second == at::kFloat || found->second == at::kHalf);
  }

  at::ScalarType precision_of(const Node& node) const {
    bool whole = !kProducts.contains(node.op) && !kNeutral.contains(node.op);
    for (std::size_t i = 0; i < node.inputs.size() && !whole; ++i) {
      if (!is_float(node.inputs[i]) || is_scales(node, i)) continue;
      const auto constant = constants_.find(node.inputs[i]);
      if (constant != constants_.end()) {
        whole = !fits(constant->second);
      } else if (kNeutral.contains(node.op)) {
        whole = types_.at(node.inputs[i]) == at::kFloat;
      }
    }
    return whole ? at::kFloat : at::kHalf;
  }

  /// The factors of Resize are fp32 whatever is resized.
  static bool is_scales(const Node& node, std::size_t i) { return node.op == "Resize" && i == 2; }

  std::string as(const std::string& name, at::ScalarType dtype) {
    if (constants_.contains(name)) {
      if (dtype == at::kFloat) {
        whole_.insert(name);
        return name;
      }
      return halved_[name] = known_whole_.contains(name) ? name + ".half" : name;
    }
    if (types_.at(name) == dtype) return name;
    auto& cast = casts_[{name, dtype}];
    if (cast.empty()) {
      cast = name + (dtype == at::kHalf ? ".half" : ".float");
      nodes_.push_back({"Cast", {name}, {cast}, {{"to", dtype == at::kHalf ? kHalfNumber : kFloatNumber}}});
      types_[cast] = dtype;
    }
    return cast;
  }

  void add(Node node) {
    const auto dtype = precision_of(node);
    bool first_is_float = false;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      auto& input = node.inputs[i];
      if (input.empty()) continue;
      if (!is_float(input)) {
        if (constants_.contains(input)) whole_.insert(input);
        continue;
      }
      first_is_float = first_is_float || i == (node.op == "Where" ? 1u : 0u);
      input = as(input, is_scales(node, i) ? at::kFloat : dtype);
    }
    for (std::size_t k = 0; k < node.outputs.size(); ++k)
      types_[node.outputs[k]] = type_of(node, k, first_is_float, dtype);
    nodes_.push_back(std::move(node));
  }

  at::ScalarType type_of(const Node& node, std::size_t k, bool first_is_float, at::ScalarType dtype) const {
    if (kComparisons.contains(node.op)) return at::kBool;
    if (node.op == "Shape" || (node.op == "TopK" && k == 1)) return at::kLong;
    if (node.op == "Cast")
      return std::get<std::int64_t>(node.attributes.at("to")) == kFloatNumber ? at::kFloat : at::kLong;
    if (node.op == "ConstantOfShape") return std::get<at::Tensor>(node.attributes.at("value")).scalar_type();
    return first_is_float ? dtype : at::kLong;
  }

  Graph graph_;
  Constants constants_;
  std::unordered_map<std::string, at::ScalarType> types_;
  std::map<std::pair<std::string, at::ScalarType>, std::string> casts_;
  std::unordered_map<std::string, std::string> halved_;
  std::set<std::string> whole_, known_whole_;
  std::vector<Node> nodes_;
};

}  // namespace

Graph halved(Graph graph) {
  const auto chooses = [](const Node& node) { return node.op == "TopK"; };
  if (std::any_of(graph.nodes.begin(), graph.nodes.end(), chooses)) {
    throw Error(
        ErrorKind::usage, "--half",
        graph.name + " chooses its queries by their scores, and fp16 would choose others; export it without --half");
  }
  Folding(graph).run();
  Halving first(graph);
  first.run();
  Halving second(std::move(graph));
  second.whole_constants(first.whole());
  return second.run();
}

}  // namespace vitral::onnx
