#include "export/operation.h"

#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/tensor.h>

#include "common/core/error.h"

namespace vitral::onnx {

Builder::Builder(std::string model_, const std::vector<std::pair<std::string, at::Tensor>>& parameters)
    : model(std::move(model_)) {
  for (const auto& [name, tensor] : parameters) {
    if (tensor.defined() && tensor.numel() > 0) parameters_[tensor.const_data_ptr()].emplace_back(name, tensor);
  }
}

void Builder::fail(const std::string& why) const {
  throw Error(ErrorKind::failed, "model " + model + ": " + operation, why);
}

std::vector<std::string> Builder::emit(const std::string& op, std::vector<std::string> inputs, Attributes attributes,
                                       std::size_t outputs) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < outputs; ++i) names.push_back(op + "_" + std::to_string(next_++));
  graph.nodes.push_back({op, std::move(inputs), names, std::move(attributes)});
  return names;
}

std::string Builder::constant(const at::Tensor& value) {
  const void* key = value.unsafeGetTensorImpl();
  if (const auto found = constants_.find(key); found != constants_.end()) return found->second;
  std::string name;
  const auto plain = value.detach();
  if (plain.numel() > 0) {
    const auto found = parameters_.find(plain.const_data_ptr());
    for (const auto& [known, tensor] : found == parameters_.end() ? decltype(found->second){} : found->second) {
      if (tensor.sizes() == plain.sizes() && tensor.strides() == plain.strides()) name = known;
    }
  }
  if (name.empty()) name = "constant_" + std::to_string(next_++);
  kept_.push_back(value);  // its address must not be given away
  constants_[key] = name;
  for (const auto& [known, tensor] : graph.constants) {
    if (known == name) return name;
  }
  graph.constants.emplace_back(name, plain.contiguous());
  return name;
}

std::string Builder::integers(const std::vector<std::int64_t>& values) {
  auto& name = integers_[values];
  if (name.empty()) {
    name = "integers_" + std::to_string(next_++);
    graph.constants.emplace_back(name, at::tensor(values, at::kLong));
  }
  return name;
}

std::string Builder::scalar(double value, at::ScalarType dtype) {
  auto& name = scalars_[{value, dtype}];
  if (name.empty()) {
    name = "scalar_" + std::to_string(next_++);
    graph.constants.emplace_back(name, at::scalar_tensor(value, at::TensorOptions(dtype)));
  }
  return name;
}

std::string Builder::batch(std::int64_t factor) {
  auto& name = batch_sizes_[factor];
  if (!name.empty()) return name;
  if (factor == 1) {
    const auto sizes = emit("Shape", {"images"}, {}, 1).front();
    return name = emit("Gather", {sizes, integers({0})}, {{"axis", std::int64_t{0}}}, 1).front();
  }
  const auto one = batch(1);
  return name = emit("Mul", {one, integers({factor})}, {}, 1).front();
}

std::string Builder::shape(at::IntArrayRef first, at::IntArrayRef second) {
  if (first == second) return integers(first.vec());
  std::vector<std::string> parts;
  std::vector<std::int64_t> plain;
  const auto flush = [&] {
    if (!plain.empty()) parts.push_back(integers(plain));
    plain.clear();
  };
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (first[i] == second[i]) {
      plain.push_back(first[i]);
      continue;
    }
    const std::int64_t factor = first[i] / batches[0];
    if (factor * batches[0] != first[i] || factor * batches[1] != second[i])
      fail("size " + std::to_string(first[i]) + " becomes " + std::to_string(second[i]) +
           " for another batch, which is no multiple of it");
    flush();
    parts.push_back(batch(factor));
  }
  flush();
  return parts.size() == 1 ? parts.front() : emit("Concat", parts, {{"axis", std::int64_t{0}}}, 1).front();
}

bool Operation::has(std::size_t i) const {
  return i < first_.inputs.size() && !first_.inputs[i].isNone() &&
         !(first_.inputs[i].isTensor() && !first_.inputs[i].toTensor().defined());
}

std::int64_t Operation::integer(std::size_t i) const {
  const auto a = first_.inputs.at(i).toInt(), b = second_.inputs.at(i).toInt();
  if (a != b) builder.fail("argument " + std::to_string(i) + " depends on the batch, which has no ONNX form here");
  return a;
}

std::int64_t Operation::axis(std::size_t i, std::int64_t rank) const {
  const auto given = integer(i);
  return given < 0 ? given + rank : given;
}

std::vector<std::int64_t> Operation::integer_list(std::size_t i) const {
  const auto list = [](const c10::IValue& value) {
    return value.isInt() ? std::vector{value.toInt()} : value.toIntVector();
  };
  const auto a = list(first_.inputs.at(i));
  if (a != list(second_.inputs.at(i)))
    builder.fail("argument " + std::to_string(i) + " depends on the batch, which has no ONNX form here");
  return a;
}

double Operation::number(std::size_t i) const {
  const auto plain = [](const c10::IValue& value) {
    return value.isTensor() ? value.toTensor().item<double>() : value.toScalar().toDouble();
  };
  const double a = plain(first_.inputs.at(i));
  if (a != plain(second_.inputs.at(i))) builder.fail("argument " + std::to_string(i) + " depends on the pictures");
  return a;
}

std::string Operation::result_shape(std::size_t k) const {
  return builder.shape(result(k).sizes(), tensors_of(second_.outputs).at(k).sizes());
}

std::string Operation::list_shape(std::size_t i) const {
  return builder.shape(first_.inputs.at(i).toIntVector(), second_.inputs.at(i).toIntVector());
}

std::string Operation::name(const at::Tensor& tensor) const {
  const auto found = builder.names.find(tensor.unsafeGetTensorImpl());
  if (found == builder.names.end()) return builder.constant(tensor);
  if (found->second.empty()) builder.fail("reads memory that no LibTorch operator wrote to");
  return found->second;
}

std::string Operation::cast(const std::string& name, at::ScalarType dtype) const {
  return emit("Cast", {name}, {{"to", onnx_dtype(dtype)}});
}

std::string Operation::name(const at::Tensor& tensor, at::ScalarType dtype) const {
  return tensor.scalar_type() == dtype ? name(tensor) : cast(name(tensor), dtype);
}

std::string Operation::in(std::size_t i, at::ScalarType dtype) const {
  return is_tensor(i) ? name(tensor(i), dtype) : builder.scalar(number(i), dtype);
}

void Operation::set(const std::string& name, std::size_t k) const {
  builder.names[result(k).unsafeGetTensorImpl()] = name;
}

void Operation::set_reshaped(const std::string& name, std::size_t k) const {
  auto sizes = result(k).sizes().vec();
  const auto others = tensors_of(second_.outputs).at(k).sizes();
  std::size_t open = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == others[i]) continue;
    sizes[i] = -1;
    ++open;
  }
  const auto shape = open <= 1 ? builder.integers(sizes) : result_shape(k);
  set(emit("Reshape", {name, shape}), k);
}

std::int64_t onnx_dtype(at::ScalarType dtype) {
  switch (dtype) {
    case at::kFloat:
      return 1;
    case at::kByte:
      return 2;
    case at::kInt:
      return 6;
    case at::kLong:
      return 7;
    case at::kBool:
      return 9;
    case at::kHalf:
      return 10;
    case at::kDouble:
      return 11;
    default:
      throw Error(ErrorKind::failed, std::string("type ") + c10::toString(dtype), "has no ONNX form here");
  }
}

const std::map<std::string, Entry>& operator_table() {
  static const auto table = [] {
    auto all = arithmetic_operators();
    all.merge(layer_operators());
    all.merge(shape_operators());
    return all;
  }();
  return table;
}

}  // namespace vitral::onnx
