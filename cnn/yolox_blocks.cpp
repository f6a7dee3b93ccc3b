#include "cnn/yolox_blocks.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/max_pool2d.h>

namespace vitral::cnn {

ConvUnit yolox_conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride, std::int64_t groups) {
  nn::NormOptions norm;
  norm.eps = 1e-3;
  norm.momentum = 0.03;
  const auto geometry = nn::Conv2dOptions(in, out, kernel).stride(stride).padding((kernel - 1) / 2).groups(groups);
  return ConvUnit(
      ConvUnitOptions(geometry).norm(norm).activation(nn::Activation::silu).conv_name("conv").norm_name("bn"));
}

SeparableConvImpl::SeparableConvImpl(std::int64_t in_, std::int64_t out_, std::int64_t kernel_, std::int64_t stride_)
    : in(in_), out(out_), kernel(kernel_), stride(stride_) {
  reset();
}

void SeparableConvImpl::reset() {
  dconv = register_module("dconv", yolox_conv(in, in, kernel, stride, in));
  pconv = register_module("pconv", yolox_conv(in, out, 1));
}

std::shared_ptr<MapLayer> register_conv3x3(torch::nn::Module& owner, const std::string& name, std::int64_t in,
                                           std::int64_t out, std::int64_t stride, bool depthwise) {
  if (depthwise) return owner.register_module(name, SeparableConv(in, out, 3, stride));
  return owner.register_module(name, yolox_conv(in, out, 3, stride));
}

CspBottleneckImpl::CspBottleneckImpl(std::int64_t channels_, bool shortcut_, bool depthwise_)
    : channels(channels_), shortcut(shortcut_), depthwise(depthwise_) {
  reset();
}

void CspBottleneckImpl::reset() {
  conv1 = register_module("conv1", yolox_conv(channels, channels, 1));
  conv2 = register_conv3x3(*this, "conv2", channels, channels, 1, depthwise);
}

at::Tensor CspBottleneckImpl::forward(const at::Tensor& x) {
  auto y = conv2->forward(conv1->forward(x));
  if (!shortcut) return y;
  return at::GradMode::is_enabled() ? y + x : y.add_(x);
}

void CspLayerImpl::reset() {
  const std::int64_t half = options.out / 2;
  conv1 = register_module("conv1", yolox_conv(options.in, half, 1));
  conv2 = register_module("conv2", yolox_conv(options.in, half, 1));
  conv3 = register_module("conv3", yolox_conv(2 * half, options.out, 1));
  m = register_module("m", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < options.blocks; ++i) {
    m->push_back(CspBottleneck(half, options.shortcut, options.depthwise));
  }
}

at::Tensor CspLayerImpl::forward(const at::Tensor& x) {
  auto through = conv1->forward(x);
  for (const auto& block : *m) through = block->as<CspBottleneck>()->forward(through);
  return conv3->forward(at::cat({through, conv2->forward(x)}, 1));
}

void SpatialPyramidImpl::reset() {
  conv1 = register_module("conv1", yolox_conv(channels, channels / 2, 1));
  conv2 = register_module("conv2", yolox_conv(channels / 2 * 4, channels, 1));
}

at::Tensor SpatialPyramidImpl::forward(const at::Tensor& x) {
  // The maximum over 9x9 is the maximum over 5x5 of those over 5x5.
  const auto pool = [](const at::Tensor& map) { return at::max_pool2d(map, 5, 1, 2); };
  const auto y = conv1->forward(x);
  const auto five = pool(y), nine = pool(five), thirteen = pool(nine);
  return conv2->forward(at::cat({y, five, nine, thirteen}, 1));
}

void FocusImpl::reset() {
  drop_packed();
  conv = register_module("conv", yolox_conv(3 * 4, out, 3));
}

void FocusImpl::train(bool on) {
  if (on) set_inference(nullptr);
  torch::nn::Module::train(on);
}

nn::Conv2d FocusImpl::as_one() const {
  const auto [weight, bias] = conv->conv->folded();
  // [out, column, row, 3, ky, kx], column and row of a pixel in its block -> [out, 3, ky, row, kx, column]
  const auto spread = weight.view({out, 2, 2, 3, 3, 3}).permute({0, 3, 4, 2, 5, 1}).reshape({out, 3, 6, 6});
  return nn::inference_conv(nn::Conv2dOptions(3, out, 6).stride(2).padding(2), {spread, bias},
                            *conv->conv->inference());
}

at::Tensor FocusImpl::forward(const at::Tensor& images) {
  if (inference() != nullptr && !at::GradMode::is_enabled()) {
    if (whole_.is_empty()) whole_ = as_one();
    return whole_->forward(images, conv->options.activation());
  }
  const auto every_second = [&images](std::int64_t row, std::int64_t column) {
    return images.slice(2, row, std::nullopt, 2).slice(3, column, std::nullopt, 2);
  };
  return conv->forward(at::cat({every_second(0, 0), every_second(1, 0), every_second(0, 1), every_second(1, 1)}, 1));
}

}  // namespace vitral::cnn
