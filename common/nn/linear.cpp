#include "common/nn/linear.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>

#include "common/nn/cuda_stream.h"
#include "common/nn/init.h"
#include "common/nn/onednn.h"
#include "common/nn/tail.h"

namespace vitral::nn {
namespace {

constexpr std::int64_t kFewRows = 16;  // are a matter of reading the weights, which oneDNN does as fast

/// [..., C] -> [1, C, rows, 1], channels last: a linear layer is a 1x1 convolution over its rows. No copy where x is
/// contiguous.
at::Tensor as_pixels(const at::Tensor& x) {
  return x.reshape({1, -1, 1, x.size(-1)}).permute({0, 3, 1, 2});
}

/// The way back, to the shape of `x` but for the last dimension.
at::Tensor as_rows(const at::Tensor& pixels, const at::Tensor& x) {
  auto shape = x.sizes().vec();
  shape.back() = pixels.size(1);
  return pixels.permute({0, 2, 3, 1}).view(shape);
}

}  // namespace

LinearImpl::LinearImpl(const LinearOptions& options_) : options(options_) {
  reset();
}

void LinearImpl::reset() {
  drop_packed();
  weight = register_parameter("weight", at::empty({options.out_features, options.in_features}));
  trunc_normal_(weight, 0.02);
  bias = register_parameter("bias", options.bias ? at::zeros({options.out_features}) : at::Tensor(), options.bias);
}

void LinearImpl::train(bool on) {
  if (on) set_inference(nullptr);
  torch::nn::Module::train(on);
}

at::Tensor LinearImpl::forward(const at::Tensor& x, Activation activation, const at::Tensor& residual) {
  return reported(compute(x, 0, options.out_features, activation, residual));
}

at::Tensor LinearImpl::forward_rows(const at::Tensor& x, std::int64_t begin, std::int64_t count) {
  return reported(compute(x, begin, count, Activation::none, {}));
}

at::Tensor LinearImpl::compute(const at::Tensor& x, std::int64_t begin, std::int64_t count, Activation activation,
                               const at::Tensor& residual) {
  const bool all = begin == 0 && count == options.out_features;
  if (inference() == nullptr || at::GradMode::is_enabled()) {
    const auto w = all ? weight : weight.narrow(0, begin, count);
    const auto b = all || !bias.defined() ? bias : bias.narrow(0, begin, count);
    auto y = at::linear(x, w, b);
    if (residual.defined()) y = y + residual;
    return activate(y, activation);
  }
  const auto& packed = pack(begin, count, x);
  if (packed.kernel) {
    const auto tail = residual.defined() ? as_pixels(residual) : at::Tensor();
    return as_rows(packed.kernel->forward(as_pixels(x), activation, tail), x);
  }
  const bool both = residual.defined() && activation != Activation::none;  // one fused tail at a time
  if (packed.opaque) {
    auto y = onednn::linear(x, packed.weight, packed.bias, both ? Activation::none : activation, residual);
    return both ? activate(y, activation) : y;
  }
  if (on_gpu(x)) return linear_on_gpu(x, packed.weight, packed.bias, activation, residual);
  auto y = at::linear(x, packed.weight, packed.bias);
  if (residual.defined()) y.add_(residual);
  return activate(y, activation);
}

const LinearImpl::Packed& LinearImpl::pack(std::int64_t begin, std::int64_t count, const at::Tensor& x) {
  const auto found = packed_.find({begin, count});
  if (found != packed_.end()) return found->second;
  const auto dtype = scalar_type(inference()->precision);
  const std::int64_t rows = x.numel() / options.in_features;
  Packed packed;
  const auto plain = weight.detach().narrow(0, begin, count);
  const auto offset = bias.defined() ? bias.detach().narrow(0, begin, count) : at::Tensor();
  if (rows >= kFewRows && x.scalar_type() == dtype) {
    packed.kernel = KernelConv::pack(plain.unsqueeze(-1).unsqueeze(-1), offset, {}, as_pixels(x));
  }
  if (!packed.kernel) {
    const auto dense = plain.to(x.device(), dtype);
    if (offset.defined()) packed.bias = offset.to(x.device(), dtype);
    packed.opaque = !on_gpu(x) && onednn::usable(dtype);
    packed.weight = packed.opaque ? onednn::pack_linear(dense, rows) : dense;
  }
  this->packed(plain);
  return packed_.emplace(std::pair{begin, count}, std::move(packed)).first->second;
}

}  // namespace vitral::nn
