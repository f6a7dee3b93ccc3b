/// What an entry of the operator table is given: one recorded call, and the graph that it adds nodes to.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "export/graph.h"
#include "export/trace.h"

namespace vitral::onnx {

using Attributes = std::map<std::string, AttributeValue>;

/// The graph while it grows, and what its tensors are called.
class Builder {
 public:
  Builder(std::string model, const std::vector<std::pair<std::string, at::Tensor>>& parameters);

  /// Adds a node with `outputs` fresh results.
  std::vector<std::string> emit(const std::string& op, std::vector<std::string> inputs, Attributes attributes,
                                std::size_t outputs);
  /// A constant by its value. Tensors that are the same object are stored once.
  std::string constant(const at::Tensor& value);
  std::string integers(const std::vector<std::int64_t>& values);
  /// A scalar of that type.
  std::string scalar(double value, at::ScalarType dtype);
  /// `sizes`, int64 [n], as they are for any batch; `first` and `second` are those of both traces.
  std::string shape(at::IntArrayRef first, at::IntArrayRef second);
  /// The batch size times `factor`, int64 [1].
  std::string batch(std::int64_t factor);

  std::string model;
  Graph graph;
  std::array<std::int64_t, 2> batches{};               ///< of both traces
  std::unordered_map<const void*, std::string> names;  ///< of what is computed, by the tensor's address
  std::string operation;                               ///< being lowered, for messages
  [[noreturn]] void fail(const std::string& why) const;

 private:
  std::unordered_map<const void*, std::string> constants_;
  std::map<std::pair<double, at::ScalarType>, std::string> scalars_;
  std::map<std::vector<std::int64_t>, std::string> integers_;
  std::map<std::int64_t, std::string> batch_sizes_;
  std::vector<at::Tensor> kept_;
  std::map<const void*, std::vector<std::pair<std::string, at::Tensor>>> parameters_;  ///< by first byte
  std::size_t next_ = 0;
};

/// One call.
class Operation {
 public:
  Operation(Builder& builder, const Call& first, const Call& second)
      : builder(builder), first_(first), second_(second) {}

  std::size_t count() const { return first_.inputs.size(); }
  bool has(std::size_t i) const;  ///< the argument is there and not None
  bool is_tensor(std::size_t i) const { return has(i) && first_.inputs[i].isTensor(); }
  const at::Tensor& tensor(std::size_t i) const { return first_.inputs.at(i).toTensor(); }
  std::vector<at::Tensor> tensors(std::size_t i) const { return tensors_of(first_.inputs.at(i)); }
  /// Arguments that have to be equal for any batch.
  std::int64_t integer(std::size_t i) const;
  std::int64_t axis(std::size_t i, std::int64_t rank) const;  ///< not negative
  std::vector<std::int64_t> integer_list(std::size_t i) const;
  double number(std::size_t i) const;
  bool flag(std::size_t i) const { return has(i) && first_.inputs[i].toBool(); }
  const c10::IValue& value(std::size_t i) const { return first_.inputs.at(i); }

  at::Tensor result(std::size_t k = 0) const { return tensors_of(first_.outputs).at(k); }
  std::size_t results() const { return tensors_of(first_.outputs).size(); }
  /// The sizes of a result or an input for any batch, as a tensor of the graph.
  std::string result_shape(std::size_t k = 0) const;
  /// A list of integers, argument i, in which multiples of the batch may stand.
  std::string list_shape(std::size_t i) const;

  /// The name of tensor argument i, converted to `dtype` where it has another; scalars become constants.
  std::string in(std::size_t i) const { return name(tensor(i)); }
  std::string in(std::size_t i, at::ScalarType dtype) const;
  std::string name(const at::Tensor& tensor) const;
  std::string name(const at::Tensor& tensor, at::ScalarType dtype) const;
  std::string cast(const std::string& name, at::ScalarType dtype) const;

  std::string emit(const std::string& op, std::vector<std::string> inputs, Attributes attributes = {}) const {
    return builder.emit(op, std::move(inputs), std::move(attributes), 1).front();
  }
  /// Says what result k is called in the graph.
  void set(const std::string& name, std::size_t k = 0) const;
  /// Reshapes `name` to the sizes of result k and sets it.
  void set_reshaped(const std::string& name, std::size_t k = 0) const;

  Builder& builder;

 private:
  const Call &first_, &second_;
};

/// ONNX's number of a type (TensorProto.DataType). Throws Error(failed) for types that no network here has.
std::int64_t onnx_dtype(at::ScalarType dtype);

/// An entry adds what computes the call and sets its results.
using Entry = void (*)(const Operation&);

/// By the operator's name without its overload and without the `_` of those that write in place. The tables of several
/// files together.
const std::map<std::string, Entry>& operator_table();
std::map<std::string, Entry> arithmetic_operators();
std::map<std::string, Entry> layer_operators();
std::map<std::string, Entry> shape_operators();

}  // namespace vitral::onnx
