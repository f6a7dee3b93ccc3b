// Operators with weights, windows or statistics.
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "export/operation.h"

namespace vitral::onnx {
namespace {

std::string swapped_last(const Operation& op, const std::string& name, std::int64_t rank) {
  std::vector<std::int64_t> order;
  for (std::int64_t i = 0; i < rank; ++i) order.push_back(i);
  std::swap(order[static_cast<std::size_t>(rank - 1)], order[static_cast<std::size_t>(rank - 2)]);
  return op.emit("Transpose", {name}, {{"perm", order}});
}

void linear(const Operation& op) {
  if (op.tensor(0).dim() == 2) {
    std::vector<std::string> inputs{op.in(0), op.in(1)};
    if (op.has(2)) inputs.push_back(op.in(2));
    return op.set(op.emit("Gemm", inputs, {{"transB", std::int64_t{1}}}));
  }
  const auto product = op.emit("MatMul", {op.in(0), swapped_last(op, op.in(1), 2)});
  op.set(op.has(2) ? op.emit("Add", {product, op.in(2)}) : product);
}

void matmul(const Operation& op) {
  op.set(op.emit("MatMul", {op.in(0), op.in(1)}));
}

void layer_norm(const Operation& op) {
  const auto width = static_cast<std::int64_t>(op.integer_list(1).size());
  const auto shape = op.integer_list(1);
  const auto weight = op.has(2) ? op.in(2) : op.builder.constant(at::ones(shape));
  std::vector<std::string> inputs{op.in(0), weight};
  if (op.has(3)) inputs.push_back(op.in(3));
  op.set(op.emit("LayerNormalization", inputs, {{"axis", -width}, {"epsilon", static_cast<float>(op.number(4))}}));
}

/// Each group as a channel of its own, normalised, then the affine part of each channel.
void group_norm(const Operation& op) {
  const auto& x = op.tensor(0);
  const auto groups = op.integer(1), channels = x.size(1);
  const auto grouped = op.emit("Reshape", {op.in(0), op.builder.integers({0, groups, -1})});
  const auto plain =
      op.emit("InstanceNormalization",
              {grouped, op.builder.constant(at::ones({groups})), op.builder.constant(at::zeros({groups}))},
              {{"epsilon", static_cast<float>(op.number(4))}});
  op.set_reshaped(plain);
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[1] = channels;
  auto y = op.name(op.result());
  const auto affine = [&](const char* onnx, std::size_t i) {
    if (op.has(i)) y = op.emit(onnx, {y, op.emit("Reshape", {op.in(i), op.builder.integers(shape)})});
  };
  affine("Mul", 2);
  affine("Add", 3);
  op.set(y);
}

void batch_norm(const Operation& op) {
  if (op.flag(5)) op.builder.fail("counts the batch's own statistics; expected evaluation mode");
  op.set(op.emit("BatchNormalization", {op.in(0), op.in(1), op.in(2), op.in(3), op.in(4)},
                 {{"epsilon", static_cast<float>(op.number(7))}}));
}

void softmax(const Operation& op) {
  const auto x = op.in(0, op.result().scalar_type());
  op.set(op.emit("Softmax", {x}, {{"axis", op.axis(1, op.tensor(0).dim())}}));
}

/// q [B, H, N, D], k and v [B, H, M, D or Dv]; the scores are scaled on q, as the network's own kernels do.
void attention(const Operation& op) {
  const auto& q = op.tensor(0);
  if (op.flag(5) || op.flag(7)) op.builder.fail("is causal or shares heads, which has no ONNX form here");
  const auto dtype = q.scalar_type();
  const double scale = op.has(6) ? op.number(6) : 1.0 / std::sqrt(static_cast<double>(q.size(-1)));
  const auto scaled = op.emit("Mul", {op.in(0), op.builder.scalar(scale, dtype)});
  auto scores = op.emit("MatMul", {scaled, swapped_last(op, op.in(1), op.tensor(1).dim())});
  if (op.has(3)) {
    if (op.tensor(3).scalar_type() == at::kBool) op.builder.fail("has a mask of booleans, which has no ONNX form here");
    scores = op.emit("Add", {scores, op.in(3)});
  }
  const auto weights = op.emit("Softmax", {scores}, {{"axis", std::int64_t{-1}}});
  op.set(op.emit("MatMul", {weights, op.in(2)}));
}

/// One number for both directions, or two.
std::vector<std::int64_t> both(std::vector<std::int64_t> values) {
  if (values.size() == 1) values.push_back(values[0]);
  return values;
}

/// ONNX gives the padding of all beginnings, then of all ends.
std::vector<std::int64_t> around(const std::vector<std::int64_t>& padding) {
  const auto p = both(padding);
  return {p[0], p[1], p[0], p[1]};
}

void conv2d(const Operation& op) {
  std::vector<std::string> inputs{op.in(0), op.in(1)};
  if (op.has(2)) inputs.push_back(op.in(2));
  op.set(op.emit("Conv", inputs,
                 {{"kernel_shape", std::vector{op.tensor(1).size(2), op.tensor(1).size(3)}},
                  {"strides", both(op.integer_list(3))},
                  {"pads", around(op.integer_list(4))},
                  {"dilations", both(op.integer_list(5))},
                  {"group", op.integer(6)}}));
}

/// The stride of a pool is its kernel where none is given.
Attributes pool(const Operation& op, std::size_t ceil) {
  const auto kernel = both(op.integer_list(1));
  const auto stride = op.has(2) && !op.integer_list(2).empty() ? both(op.integer_list(2)) : kernel;
  return {{"kernel_shape", kernel},
          {"strides", stride},
          {"pads", around(op.integer_list(3))},
          {"ceil_mode", static_cast<std::int64_t>(op.flag(ceil))}};
}

void max_pool2d(const Operation& op) {
  auto attributes = pool(op, 5);
  attributes["dilations"] = both(op.integer_list(4));
  op.set(op.emit("MaxPool", {op.in(0)}, attributes));
}

void avg_pool2d(const Operation& op) {
  auto attributes = pool(op, 4);
  const auto padding = op.integer_list(3);
  const bool padded = std::any_of(padding.begin(), padding.end(), [](auto p) { return p > 0; });
  if (op.has(6)) op.builder.fail("has a divisor of its own, which has no ONNX form here");
  if (op.flag(4) && padded && op.flag(5)) op.builder.fail("pads and rounds up, which ONNX counts otherwise");
  attributes["count_include_pad"] = static_cast<std::int64_t>(op.flag(5) && padded);
  op.set(op.emit("AveragePool", {op.in(0)}, attributes));
}

void adaptive_avg_pool2d(const Operation& op) {
  for (const auto size : op.integer_list(1)) {
    if (size != 1) op.builder.fail("to more than one pixel has no ONNX form here");
  }
  op.set(op.emit("GlobalAveragePool", {op.in(0)}));
}

void resize(const Operation& op, Attributes attributes) {
  const auto& x = op.tensor(0);
  const auto y = op.result();
  const bool whole = y.size(2) % x.size(2) == 0 && y.size(3) % x.size(3) == 0;
  if (!whole) {
    return op.set(op.emit("Resize", {op.in(0), "", "", op.result_shape()}, std::move(attributes)));
  }
  const auto factors =
      at::tensor({1.0F, 1.0F, static_cast<float>(y.size(2) / x.size(2)), static_cast<float>(y.size(3) / x.size(3))});
  op.set(op.emit("Resize", {op.in(0), "", op.builder.constant(factors)}, std::move(attributes)));
}

void upsample_nearest2d(const Operation& op) {
  resize(op, {{"mode", "nearest"}, {"coordinate_transformation_mode", "asymmetric"}, {"nearest_mode", "floor"}});
}

void upsample_bilinear2d(const Operation& op) {
  const std::string corners = op.flag(2) ? "align_corners" : "half_pixel";
  resize(op, {{"mode", "linear"}, {"coordinate_transformation_mode", corners}});
}

void grid_sampler(const Operation& op) {
  if (op.integer(2) != 0 || op.integer(3) != 0)
    op.builder.fail("is not bilinear with zeros outside, which has no ONNX form here");
  op.set(op.emit(
      "GridSample", {op.in(0), op.in(1)},
      {{"mode", "bilinear"}, {"padding_mode", "zeros"}, {"align_corners", static_cast<std::int64_t>(op.flag(4))}}));
}

void topk(const Operation& op) {
  const auto& x = op.tensor(0);
  const auto found = op.builder.emit("TopK", {op.in(0), op.builder.integers({op.integer(1)})},
                                     {{"axis", op.axis(2, x.dim())},
                                      {"largest", static_cast<std::int64_t>(op.flag(3))},
                                      {"sorted", static_cast<std::int64_t>(op.flag(4))}},
                                     2);
  op.set(found[0], 0);
  op.set(found[1], 1);
}

}  // namespace

std::map<std::string, Entry> layer_operators() {
  return {
      {"linear", linear},
      {"matmul", matmul},
      {"bmm", matmul},
      {"layer_norm", layer_norm},
      {"group_norm", group_norm},
      {"batch_norm", batch_norm},
      {"softmax", softmax},
      {"scaled_dot_product_attention", attention},
      {"conv2d", conv2d},
      {"max_pool2d", max_pool2d},
      {"avg_pool2d", avg_pool2d},
      {"adaptive_avg_pool2d", adaptive_avg_pool2d},
      {"upsample_nearest2d", upsample_nearest2d},
      {"upsample_bilinear2d", upsample_bilinear2d},
      {"grid_sampler", grid_sampler},
      {"topk", topk},
  };
}

}  // namespace vitral::onnx
