#include "common/nn/norm.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/DeviceGuard.h>

#include "common/kernels/norm.h"
#include "common/nn/checkpoint.h"
#include "common/nn/cuda_stream.h"
#include "common/nn/kernel_dtype.h"
#include "common/nn/parallel.h"

namespace vitral::nn {
namespace {

bool cpu_kernel_usable(const at::Tensor& x) {
  return !on_gpu(x) && x.is_cpu() && x.numel() > 0 && x.is_contiguous() && kernel_dtype(x.scalar_type()) &&
         kernels::this_cpu().features.avx2;
}

/// x [..., C], contiguous, of any type that the kernels read; weight and bias fp32 [C].
kernels::LayerNormArgs args_of(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps,
                               const at::Tensor& out) {
  kernels::LayerNormArgs args;
  args.stream = args.dtype = *kernel_dtype(x.scalar_type());
  args.width = x.size(-1);
  args.rows = x.numel() / args.width;
  args.input_stride = args.update_stride = args.sum_stride = args.out_stride = args.width;
  args.input = x.const_data_ptr();
  args.out = out.mutable_data_ptr();
  args.weight = weight.const_data_ptr<float>();
  args.bias = bias.const_data_ptr<float>();
  args.eps = static_cast<float>(eps);
  return args;
}

at::Tensor normalize_rows(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps) {
  auto out = at::empty_like(x);
  const auto args = args_of(x, weight, bias, eps, out);
  kernels::check_layer_norm(args);
  constexpr std::int64_t kNumbersWorthAThread = 1 << 14;
  parallel_ranges(args.rows, kNumbersWorthAThread / args.width + 1,
                  [&](std::int64_t begin, std::int64_t end) { kernels::layer_norm(args, begin, end); });
  return out;
}

/// y * scale + shift for statistics and affine of a batch norm.
std::pair<at::Tensor, at::Tensor> fold(const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& mean,
                                       const at::Tensor& var, double eps) {
  const auto scale = weight.detach().to(at::kFloat) * at::rsqrt(var.to(at::kFloat) + eps);
  return {scale, bias.detach().to(at::kFloat) - mean.to(at::kFloat) * scale};
}

}  // namespace

LayerNormImpl::LayerNormImpl(std::int64_t channels_, double eps_) : channels(channels_), eps(eps_) {
  reset();
}

void LayerNormImpl::reset() {
  drop_packed();
  weight = register_parameter("weight", at::ones({channels}));
  bias = register_parameter("bias", at::zeros({channels}));
}

void LayerNormImpl::train(bool on) {
  if (on) set_inference(nullptr);
  torch::nn::Module::train(on);
}

at::Tensor LayerNormImpl::forward(const at::Tensor& x) {
  if (inference() == nullptr || at::GradMode::is_enabled()) return at::layer_norm(x, {channels}, weight, bias, eps);
  if (x.is_cpu()) {  // both of its kernels take fp32 affine tensors beside bf16 inputs
    const auto& [w, b] = affine_in(fp32_, x.device(), at::kFloat);
    return reported(cpu_kernel_usable(x) ? normalize_rows(x, w, b, eps) : at::layer_norm(x, {channels}, w, b, eps));
  }
  const auto& [w, b] = affine_in(like_input_, x.device(), x.scalar_type());
  return reported(at::layer_norm(x, {channels}, w, b, eps));
}

const LayerNormImpl::Affine& LayerNormImpl::affine_in(Affine& kept, const at::Device& device,
                                                      at::ScalarType dtype) const {
  if (!kept.weight.defined()) kept = {weight.detach().to(device, dtype), bias.detach().to(device, dtype)};
  return kept;
}

bool LayerNormImpl::adds(const at::Tensor& x) const {
  return inference() != nullptr && !at::GradMode::is_enabled() && has_cuda_kernels(x) && x.numel() > 0 &&
         kernel_dtype(x.scalar_type());
}

SumAndNorm LayerNormImpl::forward_sum(const at::Tensor& x, const at::Tensor& update) {
  if (!update.defined()) return {x, forward(x)};
  if (!adds(x) || update.sizes() != x.sizes() || update.scalar_type() != x.scalar_type()) {
    auto sum = x + update;
    auto normed = forward(sum);
    return {std::move(sum), std::move(normed)};
  }
  const auto input = x.contiguous(), added = update.contiguous();
  SumAndNorm result{at::empty_like(input), at::empty_like(input)};
  const auto& [w, b] = affine_in(fp32_, x.device(), at::kFloat);
  auto args = args_of(input, w, b, eps, result.normed);
  args.update = added.const_data_ptr();
  args.sum = result.sum.mutable_data_ptr();
  const c10::DeviceGuard guard(x.device());
  kernels::cuda::layer_norm(args, {}, stream_of(x));
  return {std::move(result.sum), reported(std::move(result.normed))};
}

BatchNorm2dImpl::BatchNorm2dImpl(std::int64_t channels_, double eps_, double momentum_)
    : channels(channels_), eps(eps_), momentum(momentum_) {
  reset();
}

void BatchNorm2dImpl::reset() {
  weight = register_parameter("weight", at::ones({channels}));
  bias = register_parameter("bias", at::zeros({channels}));
  running_mean = register_buffer("running_mean", at::zeros({channels}));
  running_var = register_buffer("running_var", at::ones({channels}));
  num_batches_tracked = register_buffer("num_batches_tracked", at::zeros({}, at::kLong));
}

at::Tensor BatchNorm2dImpl::normalize(const at::Tensor& x) {
  const bool counts = is_training() && !is_recomputing();  // a batch counts once
  if (counts) num_batches_tracked.add_(1);
  const bool known = counts || !is_training();
  return at::batch_norm(x, weight, bias, known ? running_mean : at::Tensor(), known ? running_var : at::Tensor(),
                        is_training(), momentum, eps, true);
}

std::pair<at::Tensor, at::Tensor> BatchNorm2dImpl::affine() const {
  return fold(weight, bias, running_mean, running_var, eps);
}

FrozenBatchNorm2dImpl::FrozenBatchNorm2dImpl(std::int64_t channels_, double eps_) : channels(channels_), eps(eps_) {
  reset();
}

void FrozenBatchNorm2dImpl::reset() {
  weight = register_buffer("weight", at::ones({channels}));
  bias = register_buffer("bias", at::zeros({channels}));
  running_mean = register_buffer("running_mean", at::zeros({channels}));
  running_var = register_buffer("running_var", at::ones({channels}));
}

at::Tensor FrozenBatchNorm2dImpl::normalize(const at::Tensor& x) {
  const auto [scale, shift] = affine();
  return x * scale.view({1, -1, 1, 1}).to(x.scalar_type()) + shift.view({1, -1, 1, 1}).to(x.scalar_type());
}

std::pair<at::Tensor, at::Tensor> FrozenBatchNorm2dImpl::affine() const {
  return fold(weight, bias, running_mean, running_var, eps);
}

}  // namespace vitral::nn
