#include "common/nn/linear.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>

#include "common/nn/init.h"
#include "common/nn/onednn.h"

namespace vitral::nn {

LinearImpl::LinearImpl(const LinearOptions& options_) : options(options_) { reset(); }

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
  const auto& packed = pack(begin, count, x.numel() / options.in_features, x.device());
  const bool both = residual.defined() && activation != Activation::none;  // one fused tail at a time
  if (packed.opaque) {
    auto y = onednn::linear(x, packed.weight, packed.bias, both ? Activation::none : activation, residual);
    return both ? activate(y, activation) : y;
  }
  auto y = at::linear(x, packed.weight, packed.bias);
  if (residual.defined()) y.add_(residual);
  return activate(y, activation);
}

const LinearImpl::Packed& LinearImpl::pack(std::int64_t begin, std::int64_t count, std::int64_t rows,
                                           const at::Device& device) {
  const auto found = packed_.find({begin, count});
  if (found != packed_.end()) return found->second;
  const auto dtype = scalar_type(inference()->precision);
  Packed packed;
  const auto plain = weight.detach().narrow(0, begin, count);
  const auto dense = plain.to(device, dtype);
  if (bias.defined()) packed.bias = bias.detach().narrow(0, begin, count).to(device, dtype);
  packed.opaque = device.is_cpu() && onednn::usable(dtype);
  packed.weight = packed.opaque ? onednn::pack_linear(dense, rows) : dense;
  this->packed(plain);
  return packed_.emplace(std::pair{begin, count}, std::move(packed)).first->second;
}

}  // namespace vitral::nn
