#include "common/nn/short_attention.h"

#include <ATen/ops/empty.h>
#include <c10/core/DeviceGuard.h>

#include <optional>

#include "common/kernels/attention.h"
#include "common/nn/cuda_stream.h"
#include "common/nn/kernel_dtype.h"
#include "common/nn/parallel.h"

namespace vitral::nn {
namespace {

/// LibTorch's fused attention is for problems that fill a GPU each; many with less than this are our kernel's.
constexpr std::int64_t kFewTokens = 64;

bool readable(const at::Tensor& x) {
  return x.dim() == 4 && (x.size(3) == 1 || x.stride(3) == 1);
}

/// Whether there is a kernel for these sizes where q lies.
bool kernel_fits(const at::Tensor& q, const at::Tensor& k) {
  if (!on_gpu(q)) return q.size(3) <= kernels::kMaxHeadDim && kernels::this_cpu().features.avx2;
  if (!has_cuda_kernels(q) || q.size(2) > kFewTokens || k.size(2) > kFewTokens) return false;
  kernels::AttentionArgs args;
  args.batch = q.size(0);
  args.heads = q.size(1);
  args.keys = k.size(2);
  args.head_dim = q.size(3);
  return kernels::cuda::attention_fits(args);
}

/// x [B, H, N, D]
kernels::TokenStrides strides(const at::Tensor& x) {
  return {x.stride(0), x.stride(1), x.stride(2)};
}

}  // namespace

bool short_attention_usable(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  return kernel_dtype(q.scalar_type()) && q.scalar_type() == k.scalar_type() && q.scalar_type() == v.scalar_type() &&
         q.device() == k.device() && q.device() == v.device() && readable(q) && readable(k) && readable(v) &&
         q.size(3) == v.size(3) && q.numel() > 0 && k.size(2) > 0 && kernel_fits(q, k);
}

void run_attention(const kernels::AttentionArgs& args, const at::Tensor& q) {
  if (on_gpu(q)) {
    const c10::DeviceGuard guard(q.device());
    return kernels::cuda::attention(args, stream_of(q));
  }
  parallel_ranges(kernels::attention_tasks(args), 1,
                  [&](std::int64_t begin, std::int64_t end) { kernels::attention(args, begin, end); });
}

at::Tensor short_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias,
                           double scale) {
  const std::int64_t batch = q.size(0), heads = q.size(1), queries = q.size(2), dim = q.size(3);
  auto out = at::empty({batch, queries, heads * dim}, q.options());
  kernels::AttentionArgs args;
  args.dtype = *kernel_dtype(q.scalar_type());
  args.batch = batch;
  args.heads = heads;
  args.queries = queries;
  args.keys = k.size(2);
  args.head_dim = dim;
  args.scale = static_cast<float>(scale);
  args.q = {q.const_data_ptr(), strides(q)};
  args.k = {k.const_data_ptr(), strides(k)};
  args.v = {v.const_data_ptr(), strides(v)};
  args.out = {out.mutable_data_ptr(), {queries * heads * dim, dim, heads * dim}};
  at::Tensor broadcast;
  if (bias.defined()) {
    broadcast = bias.to(at::kFloat).expand({batch, heads, queries, k.size(2)});  // broadcast dimensions get stride 0
    args.bias = {broadcast.const_data_ptr<float>(), broadcast.stride(0), broadcast.stride(1), broadcast.stride(2),
                 broadcast.stride(3)};
  }
  run_attention(args, q);
  return out;
}

}  // namespace vitral::nn
