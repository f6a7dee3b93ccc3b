// ONNX's operators on single numbers, comparisons and sums.
#include <ATen/ATen.h>

#include "export/runner.h"

namespace vitral::onnx {
namespace {

using Unary = at::Tensor (*)(const at::Tensor&);
using Binary = at::Tensor (*)(const at::Tensor&, const at::Tensor&);

template <Unary kCompute>
std::vector<at::Tensor> unary(const Step& step) {
  return {kCompute(step.in(0))};
}

template <Binary kCompute>
std::vector<at::Tensor> binary(const Step& step) {
  return {kCompute(step.in(0), step.in(1))};
}

std::vector<at::Tensor> add(const Step& step) {
  return {step.in(0) + step.in(1)};
}

std::vector<at::Tensor> sub(const Step& step) {
  return {step.in(0) - step.in(1)};
}

std::vector<at::Tensor> clip(const Step& step) {
  auto x = step.in(0);
  if (step.has(1)) x = at::maximum(x, step.in(1));
  if (step.has(2)) x = at::minimum(x, step.in(2));
  return {x};
}

std::vector<at::Tensor> where(const Step& step) {
  return {at::where(step.in(0), step.in(1), step.in(2))};
}

bool keeps(const Step& step) {
  return step.integer("keepdims", 1) != 0;
}

std::vector<at::Tensor> reduce_mean(const Step& step) {
  return {step.in(0).mean(step.integers("axes"), keeps(step))};
}

std::vector<at::Tensor> reduce_max(const Step& step) {
  return {step.in(0).amax(step.integers("axes"), keeps(step))};
}

std::vector<at::Tensor> reduce_min(const Step& step) {
  return {step.in(0).amin(step.integers("axes"), keeps(step))};
}

std::vector<at::Tensor> reduce_sum(const Step& step) {
  return {step.in(0).sum(step.list(1), keeps(step))};
}

std::vector<at::Tensor> reduce_l2(const Step& step) {
  return {(step.in(0) * step.in(0)).sum(step.integers("axes"), keeps(step)).sqrt()};
}

}  // namespace

std::map<std::string, Computed> arithmetic_steps() {
  return {
      {"Add", add},
      {"Sub", sub},
      {"Mul", binary<at::mul>},
      {"Div", binary<at::div>},
      {"Pow", binary<at::pow>},
      {"Min", binary<at::minimum>},
      {"Max", binary<at::maximum>},
      {"Equal", binary<at::eq>},
      {"Greater", binary<at::gt>},
      {"Less", binary<at::lt>},
      {"GreaterOrEqual", binary<at::ge>},
      {"LessOrEqual", binary<at::le>},
      {"And", binary<at::logical_and>},
      {"Or", binary<at::logical_or>},
      {"Not", unary<at::logical_not>},
      {"Neg", unary<at::neg>},
      {"Exp", unary<at::exp>},
      {"Log", unary<at::log>},
      {"Sqrt", unary<at::sqrt>},
      {"Reciprocal", unary<at::reciprocal>},
      {"Sigmoid", unary<at::sigmoid>},
      {"Tanh", unary<at::tanh>},
      {"Relu", unary<at::relu>},
      {"Floor", unary<at::floor>},
      {"Abs", unary<at::abs>},
      {"Sin", unary<at::sin>},
      {"Cos", unary<at::cos>},
      {"Erf", unary<at::erf>},
      {"Clip", clip},
      {"Where", where},
      {"ReduceMean", reduce_mean},
      {"ReduceMax", reduce_max},
      {"ReduceMin", reduce_min},
      {"ReduceSum", reduce_sum},
      {"ReduceL2", reduce_l2},
  };
}

}  // namespace vitral::onnx
