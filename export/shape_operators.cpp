// Operators that move numbers and compute none.
#include <ATen/ops/full.h>

#include <limits>
#include <numeric>

#include "export/operation.h"

namespace vitral::onnx {
namespace {

/// The same numbers in the same order: view, reshape, flatten, squeeze.
void reshaped(const Operation& op) {
  if (op.result().scalar_type() != op.tensor(0).scalar_type())
    op.builder.fail("reads numbers as another type, which has no ONNX form here");
  op.set_reshaped(op.in(0));
}

/// What changes no value: contiguous, clone, dropout outside of training. The type may differ (`to`).
void same(const Operation& op) {
  const auto result = op.result();
  if (op.tensor(0).is_same(result)) return;
  op.set(op.in(0, result.scalar_type()));
}

void dropout(const Operation& op) {
  if (op.flag(2)) op.builder.fail("drops values at random; expected evaluation mode");
  same(op);
}

void transposed(const Operation& op, const std::vector<std::int64_t>& order) {
  op.set(op.emit("Transpose", {op.in(0)}, {{"perm", order}}));
}

void permute(const Operation& op) {
  auto order = op.integer_list(1);
  for (auto& axis : order) axis += axis < 0 ? op.tensor(0).dim() : 0;
  transposed(op, order);
}

void transpose(const Operation& op) {
  const auto rank = op.tensor(0).dim();
  std::vector<std::int64_t> order(static_cast<std::size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[static_cast<std::size_t>(op.axis(1, rank))], order[static_cast<std::size_t>(op.axis(2, rank))]);
  transposed(op, order);
}

void t(const Operation& op) {
  op.tensor(0).dim() < 2 ? same(op) : transposed(op, {1, 0});
}

/// expand, and repeats of sizes that are 1.
void expand(const Operation& op) {
  op.set(op.emit("Expand", {op.in(0), op.result_shape()}));
}

void repeat(const Operation& op) {
  const auto& x = op.tensor(0);
  const auto grown = op.result().dim() - x.dim();
  auto name = op.in(0);
  auto sizes = x.sizes().vec();
  sizes.insert(sizes.begin(), static_cast<std::size_t>(grown), 1);
  const bool only_ones = std::equal(sizes.begin(), sizes.end(), op.result().sizes().begin(),
                                    [](auto before, auto after) { return before == 1 || before == after; });
  if (only_ones) return expand(op);
  if (grown > 0) {
    std::vector<std::int64_t> axes(static_cast<std::size_t>(grown));
    std::iota(axes.begin(), axes.end(), 0);
    name = op.emit("Unsqueeze", {name, op.builder.integers(axes)});
  }
  op.set(op.emit("Tile", {name, op.list_shape(1)}));
}

void cat(const Operation& op) {
  const auto dtype = op.result().scalar_type();
  std::vector<std::string> inputs;
  for (const auto& each : op.tensors(0)) {
    if (each.numel() > 0) inputs.push_back(op.name(each, dtype));
  }
  op.set(op.emit("Concat", inputs, {{"axis", op.axis(1, op.result().dim())}}));
}

void stack(const Operation& op) {
  const auto axis = op.axis(1, op.result().dim());
  std::vector<std::string> inputs;
  for (const auto& each : op.tensors(0)) {
    inputs.push_back(op.emit("Unsqueeze", {op.name(each, op.result().scalar_type()), op.builder.integers({axis})}));
  }
  op.set(op.emit("Concat", inputs, {{"axis", axis}}));
}

std::string sliced(const Operation& op, std::int64_t axis, std::int64_t begin, std::int64_t end,
                   std::int64_t step = 1) {
  const auto list = [&](std::int64_t value) { return op.builder.integers({value}); };
  return op.emit("Slice", {op.in(0), list(begin), list(end), list(axis), list(step)});
}

constexpr auto kToTheEnd = std::numeric_limits<std::int64_t>::max();

void slice(const Operation& op) {
  const auto& x = op.tensor(0);
  const auto axis = op.axis(1, x.dim());
  const auto begin = op.has(2) ? op.integer(2) : 0;
  // A slice up to all of a batch ends where the batch ends.
  const auto end = op.has(3) && op.value(3).toInt() < x.size(axis) ? op.integer(3) : kToTheEnd;
  op.set(sliced(op, axis, begin, end, op.has(4) ? op.integer(4) : 1));
}

void narrow(const Operation& op) {
  const auto axis = op.axis(1, op.tensor(0).dim());
  auto begin = op.integer(2);
  if (begin < 0) begin += op.tensor(0).size(axis);
  op.set(sliced(op, axis, begin, begin + op.integer(3)));
}

/// chunk, split: the parts follow each other.
void parts(const Operation& op) {
  const auto axis = op.axis(2, op.tensor(0).dim());
  std::int64_t begin = 0;
  for (std::size_t k = 0; k < op.results(); ++k) {
    const auto end = begin + op.result(k).size(axis);
    op.set(sliced(op, axis, begin, end), k);
    begin = end;
  }
}

std::string picked(const Operation& op, std::int64_t axis, std::int64_t index) {
  return op.emit("Gather", {op.in(0), op.builder.scalar(static_cast<double>(index), at::kLong)}, {{"axis", axis}});
}

void unbind(const Operation& op) {
  const auto axis = op.axis(1, op.tensor(0).dim());
  for (std::size_t k = 0; k < op.results(); ++k) op.set(picked(op, axis, static_cast<std::int64_t>(k)), k);
}

void select(const Operation& op) {
  const auto axis = op.axis(1, op.tensor(0).dim());
  auto index = op.integer(2);
  if (index < 0) index += op.tensor(0).size(axis);
  op.set(picked(op, axis, index));
}

void index_select(const Operation& op) {
  op.set(op.emit("Gather", {op.in(0), op.in(2)}, {{"axis", op.axis(1, op.tensor(0).dim())}}));
}

void gather(const Operation& op) {
  op.set(op.emit("GatherElements", {op.in(0), op.in(2)}, {{"axis", op.axis(1, op.tensor(0).dim())}}));
}

void embedding(const Operation& op) {
  op.set(op.emit("Gather", {op.in(0), op.in(1)}, {{"axis", std::int64_t{0}}}));
}

void flip(const Operation& op) {
  const auto axes = op.integer_list(1);
  const std::vector<std::int64_t> last(axes.size(), -1),
      first(axes.size(), std::numeric_limits<std::int64_t>::min() + 1);
  op.set(op.emit("Slice", {op.in(0), op.builder.integers(last), op.builder.integers(first), op.builder.integers(axes),
                           op.builder.integers(last)}));
}

/// LibTorch names the last axis first; ONNX gives all beginnings, then all ends.
void pad(const Operation& op) {
  const auto given = op.integer_list(1);
  const auto rank = static_cast<std::size_t>(op.tensor(0).dim());
  if (op.count() > 3 && op.value(2).toStringRef() != "constant")
    op.builder.fail("is not with a constant, which has no ONNX form here");
  const std::size_t value = op.count() > 3 ? 3 : 2;
  std::vector<std::int64_t> pads(2 * rank, 0);
  for (std::size_t i = 0; i < given.size() / 2; ++i) {
    pads[rank - 1 - i] = given[2 * i];
    pads[2 * rank - 1 - i] = given[2 * i + 1];
  }
  const double number = op.has(value) ? op.number(value) : 0.0;
  op.set(op.emit("Pad", {op.in(0), op.builder.integers(pads), op.builder.scalar(number, op.result().scalar_type())},
                 {{"mode", "constant"}}));
}

/// Numbers that are all alike, of a size that the batch may decide.
void filled(const Operation& op, double value) {
  const auto one = at::full({1}, value, at::TensorOptions(op.result().scalar_type()));
  op.set(op.emit("ConstantOfShape", {op.result_shape()}, {{"value", one}}));
}

void zeros(const Operation& op) {
  filled(op, 0);
}
void ones(const Operation& op) {
  filled(op, 1);
}
void full(const Operation& op) {
  filled(op, op.number(1));
}  // full, full_like, fill_
void new_full(const Operation& op) {
  filled(op, op.number(2));
}

/// Memory that something has to write to before it is read.
void unwritten(const Operation& op) {
  op.set("");
}

/// What is written replaces all that was there.
void copy(const Operation& op) {
  const auto source = op.in(1, op.result().scalar_type());
  op.set(op.tensor(1).sizes() == op.result().sizes() ? source : op.emit("Expand", {source, op.result_shape()}));
}

}  // namespace

std::map<std::string, Entry> shape_operators() {
  return {
      {"view", reshaped},
      {"reshape", reshaped},
      {"flatten", reshaped},
      {"unflatten", reshaped},
      {"squeeze", reshaped},
      {"unsqueeze", reshaped},
      {"_unsafe_view", reshaped},
      {"view_as", reshaped},
      {"contiguous", same},
      {"clone", same},
      {"detach", same},
      {"alias", same},
      {"to", same},
      {"type_as", same},
      {"_to_copy", same},
      {"dropout", dropout},
      {"feature_dropout", dropout},
      {"permute", permute},
      {"transpose", transpose},
      {"t", t},
      {"expand", expand},
      {"expand_as", expand},
      {"repeat", repeat},
      {"cat", cat},
      {"stack", stack},
      {"slice", slice},
      {"narrow", narrow},
      {"chunk", parts},
      {"split", parts},
      {"split_with_sizes", parts},
      {"unbind", unbind},
      {"select", select},
      {"index_select", index_select},
      {"gather", gather},
      {"embedding", embedding},
      {"flip", flip},
      {"constant_pad_nd", pad},
      {"pad", pad},
      {"zeros", zeros},
      {"zeros_like", zeros},
      {"new_zeros", zeros},
      {"zero", zeros},
      {"ones", ones},
      {"ones_like", ones},
      {"new_ones", ones},
      {"full", full},
      {"full_like", full},
      {"fill", full},
      {"new_full", new_full},
      {"empty", unwritten},
      {"empty_like", unwritten},
      {"new_empty", unwritten},
      {"copy", copy},
  };
}

}  // namespace vitral::onnx
