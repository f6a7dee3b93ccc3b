#include "common/nn/window_attention.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/zeros.h>

#include "common/kernels/attention.h"
#include "common/nn/attention.h"
#include "common/nn/cuda_stream.h"
#include "common/nn/kernel_dtype.h"
#include "common/nn/short_attention.h"

namespace vitral::nn {
namespace {

bool differentiable(const at::Tensor& qkv, const WindowAttendOptions& options) {
  if (!at::GradMode::is_enabled()) return false;
  const auto wanted = [](const at::Tensor& x) { return x.defined() && x.requires_grad(); };
  return wanted(qkv) || wanted(options.bias) || wanted(options.padding) || wanted(options.head_scale);
}

/// Of what the kernels' limits depend on.
kernels::AttentionArgs sizes_of(const at::Tensor& qkv, std::int64_t heads, const WindowTable& table) {
  kernels::AttentionArgs args;
  args.batch = qkv.size(0) * table.tokens.size(0);
  args.heads = heads;
  args.queries = args.keys = table.tokens.size(1);
  args.head_dim = qkv.size(2) / (3 * heads);
  return args;
}

bool kernel_usable(const at::Tensor& qkv, std::int64_t heads, const WindowTable& table,
                   const WindowAttendOptions& options) {
  if (qkv.numel() == 0 || !kernel_dtype(qkv.scalar_type()) || options.dropout != 0.0 || options.weights != nullptr ||
      differentiable(qkv, options)) {
    return false;
  }
  const auto sizes = sizes_of(qkv, heads, table);
  if (!on_gpu(qkv)) return sizes.head_dim <= kernels::kMaxHeadDim && kernels::this_cpu().features.avx2;
  return has_cuda_kernels(qkv) && kernels::cuda::attention_fits(sizes);
}

/// x / max(|x|, 1e-12) over the last dimension, as torch.nn.functional.normalize.
at::Tensor unit_vectors(const at::Tensor& x) {
  const auto norm = at::linalg_vector_norm(x, 2, {-1}, true, at::kFloat).clamp_min(1e-12);
  return (x / norm).to(x.scalar_type());
}

/// bias [kinds, H, N, N] -> [1 or B * windows, H, N, N]
at::Tensor bias_of_windows(const at::Tensor& bias, const WindowTable& table, std::int64_t images) {
  if (!bias.defined() || bias.size(0) == 1) return bias;
  const auto each = bias.index_select(0, table.mask_kind);  // [windows, H, N, N]
  return images == 1 ? each : each.repeat({images, 1, 1, 1});
}

at::Tensor attend_with_kernel(const at::Tensor& given, std::int64_t heads, const WindowTable& table,
                              const WindowAttendOptions& options) {
  const auto qkv = given.contiguous();
  auto args = sizes_of(qkv, heads, table);
  const std::int64_t images = qkv.size(0), length = qkv.size(1), channels = qkv.size(2) / 3, dim = args.head_dim;
  auto out = at::empty({images, length, channels}, qkv.options());
  const auto bytes = static_cast<std::int64_t>(qkv.element_size());
  const auto part = [&](const at::Tensor& x, std::int64_t i) {
    return static_cast<const char*>(x.const_data_ptr()) + i * channels * bytes;
  };
  const kernels::TokenStrides in{length * 3 * channels, dim, 3 * channels};
  args.dtype = *kernel_dtype(qkv.scalar_type());
  args.q = {part(qkv, 0), in};
  args.k = {part(qkv, 1), in};
  args.v = {part(qkv, 2), in};
  args.out = {out.mutable_data_ptr(), {length * channels, dim, channels}};
  args.windows = {table.tokens.const_data_ptr<std::int32_t>(), table.tokens.size(0),
                  table.mask_kind.const_data_ptr<std::int32_t>()};
  args.cosine = options.head_scale.defined();
  args.scale = args.cosine ? 1.0F : 1.0F / std::sqrt(static_cast<float>(dim));
  const auto bias = options.bias.defined() ? options.bias.contiguous() : at::Tensor();
  if (bias.defined()) {
    args.bias = {bias.const_data_ptr<float>(), bias.size(0) > 1 ? bias.stride(0) : 0, bias.stride(1), bias.stride(2),
                 1};
  }
  const auto head_scale = args.cosine ? options.head_scale.contiguous() : at::Tensor();
  if (args.cosine) args.head_scale = head_scale.const_data_ptr<float>();
  const auto padding = options.padding.defined() ? options.padding.contiguous() : at::Tensor();
  if (padding.defined()) {
    args.windows.q_padding = part(padding, 0);
    args.windows.k_padding = part(padding, 1);
    args.windows.v_padding = part(padding, 2);
  }
  run_attention(args, qkv);
  return out;
}

}  // namespace

at::Tensor attend_windows_plain(const at::Tensor& qkv, std::int64_t heads, const WindowTable& table,
                                const WindowAttendOptions& options) {
  const std::int64_t images = qkv.size(0), channels = qkv.size(2) / 3;
  const std::int64_t windows = table.tokens.size(0), tokens = table.tokens.size(1);
  auto rows = qkv;
  if (table.padded) {
    const auto padding = options.padding.defined() ? options.padding : at::zeros({3 * channels}, qkv.options());
    rows = at::cat({qkv, padding.expand({images, 1, 3 * channels})}, 1);  // [B, L + 1, 3C]
  }
  const auto parts = rows.index_select(1, table.gather)
                         .view({images * windows, tokens, 3, heads, channels / heads})
                         .transpose(1, 3)
                         .unbind(2);  // 3 x [B * windows, H, N, D]
  AttendOptions attend_options;
  attend_options.bias = bias_of_windows(options.bias, table, images);
  attend_options.dropout = options.dropout;
  attend_options.weights = options.weights;
  auto q = parts[0], k = parts[1];
  if (options.head_scale.defined()) {
    q = unit_vectors(q) * options.head_scale.to(q.scalar_type()).view({heads, 1, 1});
    k = unit_vectors(k);
    attend_options.scale = 1.0;
  }
  const auto mixed = attend(q, k, parts[2], attend_options);  // [B * windows, N, C]
  return mixed.view({images, windows * tokens, channels}).index_select(1, table.scatter);
}

at::Tensor attend_windows(const at::Tensor& qkv, std::int64_t heads, const WindowTable& table,
                          const WindowAttendOptions& options) {
  return kernel_usable(qkv, heads, table, options) ? attend_with_kernel(qkv, heads, table, options)
                                                   : attend_windows_plain(qkv, heads, table, options);
}

}  // namespace vitral::nn
