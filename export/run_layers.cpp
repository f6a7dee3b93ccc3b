// ONNX's operators with weights, windows or statistics.
#include <ATen/ATen.h>

#include "export/runner.h"

namespace vitral::onnx {
namespace {

std::vector<at::Tensor> matmul(const Step& step) {
  return {at::matmul(step.in(0), step.in(1))};
}

std::vector<at::Tensor> gemm(const Step& step) {
  const auto weight = step.integer("transB", 0) != 0 ? step.in(1).t() : step.in(1);
  const auto product = at::matmul(step.in(0), weight);
  return {step.has(2) ? product + step.in(2) : product};
}

std::vector<at::Tensor> layer_normalization(const Step& step) {
  const auto& x = step.in(0);
  const auto axis = step.integer("axis", -1);
  const auto shape = x.sizes().slice(static_cast<std::size_t>(axis < 0 ? axis + x.dim() : axis));
  const auto bias = step.has(2) ? step.in(2) : at::Tensor();
  return {at::layer_norm(x, shape, step.in(1), bias, step.number("epsilon", 1e-5F))};
}

std::vector<at::Tensor> instance_normalization(const Step& step) {
  const double eps = step.number("epsilon", 1e-5F);
  return {at::instance_norm(step.in(0), step.in(1), step.in(2), {}, {}, true, 0.0, eps, false)};
}

std::vector<at::Tensor> batch_normalization(const Step& step) {
  const double eps = step.number("epsilon", 1e-5F);
  return {at::batch_norm(step.in(0), step.in(1), step.in(2), step.in(3), step.in(4), false, 0.0, eps, false)};
}

std::vector<at::Tensor> softmax(const Step& step) {
  return {at::softmax(step.in(0), step.integer("axis", -1))};
}

/// What is padded alike on both sides; vitral writes nothing else.
std::vector<std::int64_t> padding(const Step& step) {
  const auto pads = step.integers("pads", {0, 0, 0, 0});
  if (pads.size() != 4 || pads[0] != pads[2] || pads[1] != pads[3]) step.fail("pads both sides unlike");
  return {pads[0], pads[1]};
}

std::vector<at::Tensor> conv(const Step& step) {
  const auto bias = step.has(2) ? step.in(2) : at::Tensor();
  return {at::conv2d(step.in(0), step.in(1), bias, step.integers("strides", {1, 1}), padding(step),
                     step.integers("dilations", {1, 1}), step.integer("group", 1))};
}

std::vector<at::Tensor> max_pool(const Step& step) {
  return {at::max_pool2d(step.in(0), step.integers("kernel_shape"), step.integers("strides"), padding(step),
                         step.integers("dilations", {1, 1}), step.integer("ceil_mode", 0) != 0)};
}

std::vector<at::Tensor> average_pool(const Step& step) {
  return {at::avg_pool2d(step.in(0), step.integers("kernel_shape"), step.integers("strides"), padding(step),
                         step.integer("ceil_mode", 0) != 0, step.integer("count_include_pad", 0) != 0)};
}

std::vector<at::Tensor> global_average_pool(const Step& step) {
  return {step.in(0).mean({2, 3}, true)};
}

std::vector<at::Tensor> resize(const Step& step) {
  const auto& x = step.in(0);
  if (x.dim() != 4) step.fail("resizes " + std::to_string(x.dim()) + " dimensions, expected 4");
  std::vector<std::int64_t> size;
  if (step.has(3)) {
    size = step.list(3);
  } else {
    const auto scales = step.in(2).to(at::kDouble).contiguous();
    for (std::int64_t i = 0; i < scales.numel(); ++i) {
      size.push_back(static_cast<std::int64_t>(static_cast<double>(x.size(i)) * scales.const_data_ptr<double>()[i]));
    }
  }
  if (size.size() != 4) step.fail("gives " + std::to_string(size.size()) + " sizes, expected 4");
  const std::vector<std::int64_t> side{size[2], size[3]};
  const auto place = step.text("coordinate_transformation_mode", "half_pixel");
  if (step.text("mode", "nearest") == "linear") return {at::upsample_bilinear2d(x, side, place == "align_corners")};
  if (place != "asymmetric" || step.text("nearest_mode", "") != "floor") step.fail("chooses pixels in an unknown way");
  return {at::upsample_nearest2d(x, side)};
}

std::vector<at::Tensor> grid_sample(const Step& step) {
  if (step.text("mode", "") != "bilinear" || step.text("padding_mode", "") != "zeros")
    step.fail("is not bilinear with zeros outside");
  return {at::grid_sampler(step.in(0), step.in(1), 0, 0, step.integer("align_corners", 0) != 0)};
}

std::vector<at::Tensor> top_k(const Step& step) {
  const auto [values, indices] = at::topk(step.in(0), step.list(1).at(0), step.integer("axis", -1),
                                          step.integer("largest", 1) != 0, step.integer("sorted", 1) != 0);
  return {values, indices};
}

}  // namespace

std::map<std::string, Computed> layer_steps() {
  return {
      {"MatMul", matmul},
      {"Gemm", gemm},
      {"LayerNormalization", layer_normalization},
      {"InstanceNormalization", instance_normalization},
      {"BatchNormalization", batch_normalization},
      {"Softmax", softmax},
      {"Conv", conv},
      {"MaxPool", max_pool},
      {"AveragePool", average_pool},
      {"GlobalAveragePool", global_average_pool},
      {"Resize", resize},
      {"GridSample", grid_sample},
      {"TopK", top_k},
  };
}

}  // namespace vitral::onnx
