// Operators on single numbers, comparisons and sums.
#include <ATen/ops/result_type.h>

#include <cmath>
#include <limits>

#include "export/operation.h"

namespace vitral::onnx {
namespace {

/// Both operands in the type that they are computed in.
at::ScalarType operand_type(const Operation& op, std::size_t a, std::size_t b) {
  if (op.is_tensor(a) && op.is_tensor(b)) return at::result_type(op.tensor(a), op.tensor(b));
  if (op.is_tensor(a)) return at::result_type(op.tensor(a), op.value(b).toScalar());
  return at::result_type(op.value(a).toScalar(), op.tensor(b));
}

std::string binary_of(const Operation& op, const std::string& onnx, std::size_t a = 0, std::size_t b = 1) {
  const auto dtype = operand_type(op, a, b);
  return op.emit(onnx, {op.in(a, dtype), op.in(b, dtype)});
}

template <const char* kOnnx>
void binary(const Operation& op) {
  op.set(binary_of(op, kOnnx));
}

template <const char* kOnnx>
void unary(const Operation& op) {
  op.set(op.emit(kOnnx, {op.in(0, op.result().scalar_type())}));
}

/// x + alpha y, and x - alpha y.
template <const char* kOnnx>
void weighted(const Operation& op) {
  const double alpha = op.has(2) ? op.number(2) : 1.0;
  const auto dtype = operand_type(op, 0, 1);
  auto second = op.in(1, dtype);
  if (alpha != 1.0) second = op.emit("Mul", {second, op.builder.scalar(alpha, dtype)});
  op.set(op.emit(kOnnx, {op.in(0, dtype), second}));
}

void rsub(const Operation& op) {
  const auto dtype = operand_type(op, 0, 1);
  if (op.has(2) && op.number(2) != 1.0) op.builder.fail("has a factor, which has no ONNX form here");
  op.set(op.emit("Sub", {op.in(1, dtype), op.in(0, dtype)}));
}

void div(const Operation& op) {
  const auto dtype = op.result().scalar_type();
  if (op.has(2)) op.builder.fail("rounds, which has no ONNX form here");
  op.set(op.emit("Div", {op.in(0, dtype), op.in(1, dtype)}));
}

void rsqrt(const Operation& op) {
  const auto dtype = op.result().scalar_type();
  op.set(op.emit("Reciprocal", {op.emit("Sqrt", {op.in(0, dtype)})}));
}

void square(const Operation& op) {
  op.set(op.emit("Mul", {op.in(0), op.in(0)}));
}

void silu(const Operation& op) {
  op.set(op.emit("Mul", {op.in(0), op.emit("Sigmoid", {op.in(0)})}));
}

/// x / 2 (1 + erf(x / sqrt 2)), or the tanh that resembles it.
void gelu(const Operation& op) {
  const auto x = op.in(0);
  const auto number = [&](double value) { return op.builder.scalar(value, op.result().scalar_type()); };
  std::string gate;
  if (op.has(1) && op.value(1).toStringRef() == "tanh") {
    const auto cube = op.emit("Mul", {op.emit("Mul", {x, x}), x});
    const auto sum = op.emit("Add", {x, op.emit("Mul", {cube, number(0.044715)})});
    gate = op.emit("Tanh", {op.emit("Mul", {sum, number(std::sqrt(2.0 / M_PI))})});
  } else {
    gate = op.emit("Erf", {op.emit("Mul", {x, number(M_SQRT1_2)})});
  }
  const auto half = op.emit("Mul", {x, number(0.5)});
  op.set(op.emit("Mul", {half, op.emit("Add", {gate, number(1.0)})}));
}

void clip(const Operation& op, std::size_t low, std::size_t high) {
  const auto dtype = op.result().scalar_type();
  const auto bound = [&](std::size_t i) { return op.has(i) ? op.in(i, dtype) : std::string(); };
  std::vector<std::string> inputs{op.in(0, dtype), bound(low)};
  if (op.has(high)) inputs.push_back(bound(high));
  op.set(op.emit("Clip", inputs));
}

constexpr std::size_t kAbsent = 99;
void clamp(const Operation& op) {
  clip(op, 1, 2);
}
void clamp_min(const Operation& op) {
  clip(op, 1, kAbsent);
}
void clamp_max(const Operation& op) {
  clip(op, kAbsent, 1);
}

void relu6(const Operation& op) {
  const auto dtype = op.result().scalar_type();
  op.set(op.emit("Clip", {op.in(0), op.builder.scalar(0, dtype), op.builder.scalar(6, dtype)}));
}

void not_equal(const Operation& op) {
  op.set(op.emit("Not", {binary_of(op, "Equal")}));
}

void logical_not(const Operation& op) {
  op.set(op.emit("Not", {op.in(0, at::kBool)}));
}

template <const char* kOnnx>
void logical(const Operation& op) {
  if (op.result().scalar_type() != at::kBool) op.builder.fail("of numbers has no ONNX form here");
  op.set(op.emit(kOnnx, {op.in(0, at::kBool), op.in(1, at::kBool)}));
}

void where(const Operation& op) {
  const auto dtype = op.result().scalar_type();
  op.set(op.emit("Where", {op.in(0), op.in(1, dtype), op.in(2, dtype)}));
}

void masked_fill(const Operation& op) {
  const auto dtype = op.result().scalar_type();
  op.set(op.emit("Where", {op.in(1), op.in(2, dtype), op.in(0)}));
}

/// Axes of a reduction; none: all.
std::vector<std::int64_t> axes_of(const Operation& op, std::size_t i) {
  const auto rank = op.tensor(0).dim();
  std::vector<std::int64_t> axes;
  if (op.has(i)) axes = op.integer_list(i);
  for (auto& axis : axes) axis += axis < 0 ? rank : 0;
  if (axes.empty()) {
    for (std::int64_t axis = 0; axis < rank; ++axis) axes.push_back(axis);
  }
  return axes;
}

template <const char* kOnnx>
void reduce(const Operation& op) {
  const auto keep = static_cast<std::int64_t>(op.flag(2));
  const auto x = op.in(0, op.result().scalar_type());
  op.set(op.emit(kOnnx, {x}, {{"axes", axes_of(op, 1)}, {"keepdims", keep}}));
}

/// ReduceSum takes its axes as an input.
void sum(const Operation& op) {
  const auto keep = static_cast<std::int64_t>(op.count() > 3 && op.flag(2));
  const auto axes = op.count() > 3 ? axes_of(op, 1) : axes_of(op, kAbsent);
  const auto x = op.in(0, op.result().scalar_type());
  op.set(op.emit("ReduceSum", {x, op.builder.integers(axes)}, {{"keepdims", keep}}));
}

void vector_norm(const Operation& op) {
  if (op.number(1) != 2.0) op.builder.fail("of another order than 2 has no ONNX form here");
  const auto x = op.in(0, op.result().scalar_type());
  op.set(op.emit("ReduceL2", {x}, {{"axes", axes_of(op, 2)}, {"keepdims", static_cast<std::int64_t>(op.flag(3))}}));
}

// The names that the templates above are made for.
constexpr char kAdd[] = "Add", kSub[] = "Sub", kMul[] = "Mul", kPow[] = "Pow", kMin[] = "Min", kMax[] = "Max",
               kEqual[] = "Equal", kGreater[] = "Greater", kLess[] = "Less", kGreaterEqual[] = "GreaterOrEqual",
               kLessEqual[] = "LessOrEqual", kAnd[] = "And", kOr[] = "Or", kNeg[] = "Neg", kExp[] = "Exp",
               kLog[] = "Log", kSqrt[] = "Sqrt", kSigmoid[] = "Sigmoid", kTanh[] = "Tanh", kRelu[] = "Relu",
               kFloor[] = "Floor", kAbs[] = "Abs", kSin[] = "Sin", kCos[] = "Cos", kErf[] = "Erf",
               kReciprocal[] = "Reciprocal", kReduceMean[] = "ReduceMean", kReduceMax[] = "ReduceMax",
               kReduceMin[] = "ReduceMin";

}  // namespace

std::map<std::string, Entry> arithmetic_operators() {
  return {
      {"add", weighted<kAdd>},
      {"sub", weighted<kSub>},
      {"rsub", rsub},
      {"mul", binary<kMul>},
      {"div", div},
      {"pow", binary<kPow>},
      {"minimum", binary<kMin>},
      {"maximum", binary<kMax>},
      {"eq", binary<kEqual>},
      {"ne", not_equal},
      {"gt", binary<kGreater>},
      {"lt", binary<kLess>},
      {"ge", binary<kGreaterEqual>},
      {"le", binary<kLessEqual>},
      {"logical_and", logical<kAnd>},
      {"logical_or", logical<kOr>},
      {"bitwise_and", logical<kAnd>},
      {"bitwise_or", logical<kOr>},
      {"logical_not", logical_not},
      {"bitwise_not", logical_not},
      {"neg", unary<kNeg>},
      {"exp", unary<kExp>},
      {"log", unary<kLog>},
      {"sqrt", unary<kSqrt>},
      {"rsqrt", rsqrt},
      {"reciprocal", unary<kReciprocal>},
      {"square", square},
      {"sigmoid", unary<kSigmoid>},
      {"tanh", unary<kTanh>},
      {"relu", unary<kRelu>},
      {"relu6", relu6},
      {"hardtanh", clamp},
      {"silu", silu},
      {"gelu", gelu},
      {"floor", unary<kFloor>},
      {"abs", unary<kAbs>},
      {"sin", unary<kSin>},
      {"cos", unary<kCos>},
      {"erf", unary<kErf>},
      {"clamp", clamp},
      {"clamp_min", clamp_min},
      {"clamp_max", clamp_max},
      {"where", where},
      {"masked_fill", masked_fill},
      {"mean", reduce<kReduceMean>},
      {"sum", sum},
      {"amax", reduce<kReduceMax>},
      {"amin", reduce<kReduceMin>},
      {"linalg_vector_norm", vector_norm},
  };
}

}  // namespace vitral::onnx
