#include "export/lowering.h"

#include <ATen/ops/equal.h>

#include <unordered_set>

#include "common/core/error.h"
#include "export/operation.h"

namespace vitral::onnx {
namespace {

/// "aten::add_" -> "add": what writes in place computes the same.
std::string plain_name(const std::string& name) {
  auto plain = name.substr(name.rfind(':') + 1);
  if (plain.ends_with('_') && !plain.ends_with("__")) plain.pop_back();
  return plain;
}

bool same(const at::Tensor& a, const at::Tensor& b) {
  if (a.is_same(b)) return true;
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() && at::equal(a.detach(), b.detach());
}

bool same(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) { return same(x, y); });
}

/// Which tensors differ between two traces, and so have to be computed by the graph.
class Lowering {
 public:
  Lowering(const Trace& first, const Trace& second, Builder& builder)
      : first_(first), second_(second), builder_(builder) {}

  void run() {
    if (first_.calls.size() != second_.calls.size()) other_path(first_.calls.size(), "calls", "another number");
    varying_.insert(first_.images.unsafeGetTensorImpl());
    for (std::size_t i = 0; i < first_.calls.size(); ++i) {
      if (first_.calls[i].name != second_.calls[i].name) other_path(i, first_.calls[i].name, second_.calls[i].name);
      for (const auto& made : tensors_of(first_.calls[i].outputs)) made_.insert(made.unsafeGetTensorImpl());
    }
    const at::NoGradGuard no_grad;
    for (std::size_t i = 0; i < first_.calls.size(); ++i) lower_call(first_.calls[i], second_.calls[i]);
  }

  bool varies(const at::Tensor& tensor) const { return varying_.contains(tensor.unsafeGetTensorImpl()); }

 private:
  [[noreturn]] void other_path(std::size_t at, const std::string& one, const std::string& other) const {
    builder_.operation = "call " + std::to_string(at);
    builder_.fail("the network goes another way for other pictures: " + one + ", then " + other);
  }

  void lower_call(const Call& call, const Call& other) {
    const auto inputs = tensors_of(call.inputs), others = tensors_of(other.inputs);
    builder_.operation = call.name;
    check_origins(inputs, others);
    bool varies = false;
    for (const auto& input : inputs) varies = varies || varying_.contains(input.unsafeGetTensorImpl());
    const auto outputs = tensors_of(call.outputs);
    if (!varies && same(outputs, tensors_of(other.outputs))) return;  // a constant
    for (const auto& output : outputs) varying_.insert(output.unsafeGetTensorImpl());
    check_place(call, inputs, outputs);
    const auto entry = operator_table().find(plain_name(call.name));
    if (entry == operator_table().end()) builder_.fail("has no ONNX form here");
    entry->second(Operation(builder_, call, other));
  }

  /// What comes from nowhere (a parameter, a table) has to be the same in both traces.
  void check_origins(const std::vector<at::Tensor>& inputs, const std::vector<at::Tensor>& others) {
    if (inputs.size() != others.size()) builder_.fail("has another number of inputs for other pictures");
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const auto* key = inputs[i].unsafeGetTensorImpl();
      if (varying_.contains(key) || made_.contains(key) || !known_.insert(key).second) continue;
      if (!same(inputs[i], others[i]))
        builder_.fail("takes a value that depends on the pictures and was computed by no LibTorch operator");
    }
  }

  /// Writing into a part of something that is computed would have to change the whole too.
  void check_place(const Call& call, const std::vector<at::Tensor>& inputs, const std::vector<at::Tensor>& outputs) {
    if (!call.name.ends_with('_') || inputs.empty() || outputs.empty() || !inputs[0].is_same(outputs[0])) return;
    if (inputs[0].is_view() && varying_.contains(inputs[0].unsafeGetTensorImpl()) &&
        inputs[0].storage().nbytes() > inputs[0].nbytes()) {
      builder_.fail("writes into a part of a tensor, which has no ONNX form here");
    }
  }

  const Trace &first_, &second_;
  Builder& builder_;
  std::unordered_set<const void*> varying_, made_, known_;
};

Port port(const std::string& name, const at::Tensor& first, const at::Tensor& second, const Builder& builder) {
  Port port{name, first.scalar_type(), first.sizes().vec()};
  for (std::size_t i = 0; i < port.shape.size(); ++i) {
    const auto a = first.sizes()[i], b = second.sizes()[i];
    if (a == b) continue;
    if (a != builder.batches[0] || b != builder.batches[1])
      builder.fail("output " + name + " has sizes beside the batch that differ");
    port.shape[i] = -1;
  }
  return port;
}

}  // namespace

Graph lower(const Trace& first, const Trace& second, const std::vector<std::pair<std::string, at::Tensor>>& parameters,
            const std::string& model) {
  Builder builder(model, parameters);
  builder.batches = {first.images.size(0), second.images.size(0)};
  builder.names[first.images.unsafeGetTensorImpl()] = "images";
  builder.graph.inputs.push_back(port("images", first.images, second.images, builder));
  Lowering lowering(first, second, builder);
  lowering.run();
  for (std::size_t i = 0; i < first.outputs.size(); ++i) {
    const auto& [name, tensor] = first.outputs[i];
    builder.operation = "output " + name;
    if (!lowering.varies(tensor)) builder.fail("does not depend on the pictures by LibTorch operators");
    builder.graph.nodes.push_back({"Identity", {builder.names.at(tensor.unsafeGetTensorImpl())}, {name}, {}});
    builder.graph.outputs.push_back(port(name, tensor, second.outputs.at(i).second, builder));
  }
  return std::move(builder.graph);
}

}  // namespace vitral::onnx
