#include "common/nn/conv.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "common/nn/init.h"

namespace vitral::nn {

Conv2dImpl::Conv2dImpl(const Conv2dOptions& options_) : options(options_) { reset(); }

void Conv2dImpl::reset() {
  drop_packed();
  norm_.reset();
  weight = register_parameter("weight", at::empty({options.out_channels, options.in_channels / options.groups(),
                                                   options.kernel, options.kernel}));
  kaiming_normal_fan_out_(weight);
  bias = register_parameter("bias", options.bias() ? at::zeros({options.out_channels}) : at::Tensor(), options.bias());
}

void Conv2dImpl::train(bool on) {
  if (on) set_inference(nullptr);
  torch::nn::Module::train(on);
}

onednn::ConvGeometry Conv2dImpl::geometry() const {
  const std::int64_t padding = options.same() ? 0 : options.padding();
  return {{padding, padding}, {options.stride(), options.stride()}, {options.dilation(), options.dilation()}, options.groups()};
}

at::Tensor Conv2dImpl::pad_same(const at::Tensor& x) const {
  const auto total = [&](std::int64_t size) {
    const std::int64_t out = (size + options.stride() - 1) / options.stride();
    return std::max<std::int64_t>((out - 1) * options.stride() + (options.kernel - 1) * options.dilation() + 1 - size, 0);
  };
  const std::int64_t vertical = total(x.size(2)), horizontal = total(x.size(3));
  if (vertical == 0 && horizontal == 0) return x;
  return at::constant_pad_nd(x, {horizontal / 2, horizontal - horizontal / 2, vertical / 2, vertical - vertical / 2});
}

at::Tensor Conv2dImpl::forward(const at::Tensor& input, Activation activation, const at::Tensor& residual) {
  const auto x = options.same() ? pad_same(input) : input;
  const auto g = geometry();
  if (inference() == nullptr || at::GradMode::is_enabled()) {
    auto y = at::conv2d(x, weight, bias, g.stride, g.padding, g.dilation, g.groups);
    if (norm_) y = norm_->normalize(y);
    if (residual.defined()) y = y + residual;
    return activate(y, activation);
  }
  if (!packed_.weight.defined()) pack(x);
  const bool fusible_tail = !residual.defined() || (g.groups == 1 && (activation == Activation::none || activation == Activation::relu));
  if (packed_.opaque && fusible_tail) return onednn::conv(x, packed_.weight, packed_.bias, g, activation, residual);
  auto y = packed_.opaque ? onednn::conv(x, packed_.weight, packed_.bias, g, Activation::none, {})
                          : at::conv2d(x, packed_.weight, packed_.bias, g.stride, g.padding, g.dilation, g.groups);
  if (residual.defined()) y = y + residual;
  return activate(y, activation);
}

void Conv2dImpl::pack(const at::Tensor& x) {
  const auto dtype = scalar_type(inference()->precision);
  auto w = weight.detach(), b = bias.defined() ? bias.detach() : at::Tensor();
  if (norm_) {
    const auto [scale, shift] = norm_->affine();  // [out] each: norm(y) = y * scale + shift
    b = b.defined() ? b * scale + shift : shift;
    w = w * scale.view({-1, 1, 1, 1});
  }
  w = w.to(x.device(), dtype);
  if (b.defined()) packed_.bias = b.to(x.device(), dtype);
  packed_.opaque = x.is_cpu() && onednn::usable(dtype);
  packed_.weight = packed_.opaque ? onednn::pack_conv(w.contiguous(), geometry(), x.sizes())
                                  : w.contiguous(at::MemoryFormat::ChannelsLast);
  packed(weight);
}

}  // namespace vitral::nn
