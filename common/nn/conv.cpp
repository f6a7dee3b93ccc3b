#include "common/nn/conv.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "common/nn/cuda_stream.h"
#include "common/nn/init.h"
#include "common/nn/tail.h"

namespace vitral::nn {
namespace {

/// activation(conv(x) + bias + residual): the convolution and at most one pass behind it, where our kernel does that.
at::Tensor conv_on_gpu(const at::Tensor& given, const at::Tensor& weight, const at::Tensor& bias,
                       const onednn::ConvGeometry& g, Activation activation, const at::Tensor& residual) {
  const auto x = given.contiguous(at::MemoryFormat::ChannelsLast);
  const auto conv = [&](const at::Tensor& b) {
    return at::conv2d(x, weight, b, g.stride, g.padding, g.dilation, g.groups);
  };
  const bool has_tail = residual.defined() || activation != Activation::none;
  const bool like_result = !residual.defined() || residual.scalar_type() == x.scalar_type();
  if (has_tail && like_result && tail_usable(x, activation)) {  // LibTorch adds the bias in a pass of its own
    const auto y = conv({}).contiguous(at::MemoryFormat::ChannelsLast);
    run_tail({pixel_rows(y), bias, residual.defined() ? pixel_rows(residual) : residual, activation});
    return y;
  }
  auto y = conv(bias);
  if (residual.defined()) y.add_(residual);
  return activate(y, activation);
}

}  // namespace

Conv2dImpl::Conv2dImpl(const Conv2dOptions& options_) : options(options_) { reset(); }

void Conv2dImpl::reset() {
  drop_packed();
  norm_.norm.reset();
  weight = register_parameter("weight", at::empty({options.out_channels, options.in_channels / options.groups(),
                                                   options.kernel, options.kernel}));
  kaiming_normal_fan_out_(weight, options.groups());
  bias = register_parameter("bias", options.bias() ? at::zeros({options.out_channels}) : at::Tensor(), options.bias());
}

void Conv2dImpl::train(bool on) {
  if (on) set_inference(nullptr);
  torch::nn::Module::train(on);
}

onednn::ConvGeometry Conv2dImpl::geometry(std::int64_t padding) const {
  return {{padding, padding}, {options.stride(), options.stride()}, {options.dilation(), options.dilation()}, options.groups()};
}

Conv2dImpl::Padded Conv2dImpl::pad(const at::Tensor& x) const {
  if (!options.same()) return {x, options.padding()};
  const auto total = [&](std::int64_t size) {
    const std::int64_t out = (size + options.stride() - 1) / options.stride();
    return std::max<std::int64_t>((out - 1) * options.stride() + (options.kernel - 1) * options.dilation() + 1 - size, 0);
  };
  const std::int64_t vertical = total(x.size(2)), horizontal = total(x.size(3));
  if (vertical == horizontal && vertical % 2 == 0) return {x, vertical / 2};
  return {at::constant_pad_nd(x, {horizontal / 2, horizontal - horizontal / 2, vertical / 2, vertical - vertical / 2}), 0};
}

at::Tensor Conv2dImpl::forward(const at::Tensor& x, Activation activation, at::Tensor residual) {
  if (inference() == nullptr || at::GradMode::is_enabled()) return forward_plain(pad(x), activation, residual);
  return reported(forward_packed(pad(x.to(scalar_type(inference()->precision))), activation, std::move(residual)));
}

at::Tensor Conv2dImpl::forward_plain(const Padded& padded, Activation activation, const at::Tensor& residual) {
  const auto g = geometry(padded.padding);
  auto y = at::conv2d(padded.x, weight, bias, g.stride, g.padding, g.dilation, g.groups);
  if (norm_.norm) y = norm_.norm->normalize(y);
  if (residual.defined()) y = y + residual;
  return activate(y, activation);
}

at::Tensor Conv2dImpl::forward_packed(const Padded& padded, Activation activation, at::Tensor residual) {
  const auto& x = padded.x;
  const auto g = geometry(padded.padding);
  if (!packed_.ready()) pack(x, g);
  if (packed_.kernel) return packed_.kernel->forward(x, activation, std::move(residual));
  if (on_gpu(x)) return conv_on_gpu(x, packed_.weight, packed_.bias, g, activation, residual);
  const bool fusible_tail = !residual.defined() || (g.groups == 1 && (activation == Activation::none || activation == Activation::relu));
  if (packed_.opaque && fusible_tail) {
    return onednn::conv(x, packed_.weight, packed_.bias, g, activation, std::move(residual));
  }
  auto y = packed_.opaque ? onednn::conv(x, packed_.weight, packed_.bias, g, Activation::none, {})
                          : at::conv2d(x, packed_.weight, packed_.bias, g.stride, g.padding, g.dilation, g.groups);
  if (residual.defined()) y.add_(residual);
  return activate(y, activation);
}

Conv2dImpl::Folded Conv2dImpl::folded() const {
  const auto w = weight.detach(), b = bias.defined() ? bias.detach() : at::Tensor();
  if (!norm_.norm) return {w, b};
  const auto [scale, shift] = norm_.norm->affine();  // [out] each: norm(y) = y * scale + shift
  return {w * scale.view({-1, 1, 1, 1}), b.defined() ? b * scale + shift : shift};
}

Conv2d inference_conv(Conv2dOptions geometry, const Conv2dImpl::Folded& weights, const InferenceOptions& inference) {
  const SkipInit filled_below;
  Conv2d conv(geometry.bias(true));
  const at::NoGradGuard no_grad;
  conv->to(weights.weight.device());
  conv->weight.copy_(weights.weight);
  weights.bias.defined() ? conv->bias.copy_(weights.bias) : conv->bias.zero_();
  conv->eval();
  conv->set_inference(std::make_shared<const InferenceOptions>(inference));
  return conv;
}

void Conv2dImpl::pack(const at::Tensor& x, const onednn::ConvGeometry& geometry) {
  const auto dtype = scalar_type(inference()->precision);
  auto [w, b] = folded();
  if (options.groups() == 1) {
    packed_.kernel = KernelConv::pack(w, b, {options.stride(), geometry.padding[0], options.dilation()}, x);
    if (packed_.kernel) return packed(weight);
  }
  w = w.to(x.device(), dtype);
  if (b.defined()) packed_.bias = b.to(x.device(), dtype);
  packed_.opaque = !on_gpu(x) && onednn::usable(dtype);
  packed_.weight = packed_.opaque ? onednn::pack_conv(w.contiguous(), geometry, x.sizes())
                                  : w.contiguous(at::MemoryFormat::ChannelsLast);
  packed(weight);
}

}  // namespace vitral::nn
