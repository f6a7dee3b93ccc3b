#include "common/nn/tail.h"

#include <ATen/ops/_addmm_activation.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>
#include <c10/core/DeviceGuard.h>

#include <optional>

#include "common/core/error.h"
#include "common/nn/cuda_stream.h"
#include "common/nn/kernel_dtype.h"

namespace vitral::nn {
namespace {

std::optional<kernels::Activation> kernel_activation(Activation activation) {
  switch (activation) {
    case Activation::none:
      return kernels::Activation::none;
    case Activation::relu:
      return kernels::Activation::relu;
    case Activation::relu6:
      return kernels::Activation::relu6;
    case Activation::gelu:
      return kernels::Activation::gelu;
    case Activation::silu:
      return kernels::Activation::silu;
    case Activation::tanh:
      break;
  }
  return std::nullopt;
}

[[noreturn]] void refuse(const char* message) {
  throw Error(ErrorKind::failed, "bias and activation", message);
}

}  // namespace

bool tail_usable(const at::Tensor& y, Activation activation) {
  return has_cuda_kernels(y) && kernel_dtype(y.scalar_type()) && kernel_activation(activation);
}

kernels::cuda::BiasActivationArgs tail_args(const Tail& tail) {
  const auto& [y, bias, residual, activation] = tail;
  const auto dtype = kernel_dtype(y.scalar_type());
  const auto function = kernel_activation(activation);
  if (!dtype || !function) refuse("no kernel for this format or function");
  if (y.dim() != 2 || !y.is_contiguous()) refuse("rows without gaps expected");
  kernels::cuda::BiasActivationArgs args;
  args.function = *function;
  args.dtype = *dtype;
  args.rows = y.size(0);
  args.width = args.input_stride = args.residual_stride = args.out_stride = y.size(1);
  args.out = y.mutable_data_ptr();
  args.input = args.out;
  if (bias.defined()) {
    const bool fits = bias.numel() == args.width && bias.is_contiguous() && bias.device() == y.device() &&
                      bias.scalar_type() == y.scalar_type();
    if (!fits) refuse("the bias is not like a row");
    args.bias = bias.const_data_ptr();
  }
  if (residual.defined()) {
    const bool fits = residual.sizes() == y.sizes() && residual.is_contiguous() && residual.device() == y.device() &&
                      residual.scalar_type() == y.scalar_type();
    if (!fits) refuse("the residual is not like the rows");
    args.residual = residual.const_data_ptr();
  }
  return args;
}

void run_tail(const Tail& tail) {
  if (tail.y.numel() == 0) return;
  const c10::DeviceGuard guard(tail.y.device());
  kernels::cuda::bias_activation(tail_args(tail), stream_of(tail.y));
}

at::Tensor linear_on_gpu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, Activation activation,
                         const at::Tensor& residual) {
  const auto rows = [](const at::Tensor& of) { return of.reshape({-1, of.size(-1)}).contiguous(); };
  auto shape = x.sizes().vec();
  shape.back() = weight.size(0);
  if (activation == Activation::relu && !residual.defined() && bias.defined()) {  // exact behind a product
    return at::_addmm_activation(bias, rows(x), weight.t()).view(shape);
  }
  const bool has_tail = residual.defined() || activation != Activation::none;
  const bool like_result =
      !residual.defined() || (residual.sizes() == shape && residual.scalar_type() == x.scalar_type());
  if (has_tail && like_result && tail_usable(x, activation)) {
    const auto y = at::mm(rows(x), weight.t());
    run_tail({y, bias, residual.defined() ? rows(residual) : residual, activation});
    return y.view(shape);
  }
  auto y = at::linear(x, weight, bias);
  if (residual.defined()) y.add_(residual);
  return activate(y, activation);
}

at::Tensor pixel_rows(const at::Tensor& maps) {
  return maps.contiguous(at::MemoryFormat::ChannelsLast).permute({0, 2, 3, 1}).reshape({-1, maps.size(1)});
}

}  // namespace vitral::nn
