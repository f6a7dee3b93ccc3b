#include "common/nn/short_attention.h"

#include <ATen/ops/empty.h>

#include <optional>

#include "common/kernels/attention.h"
#include "common/nn/kernel_dtype.h"
#include "common/nn/parallel.h"

namespace vitral::nn {
namespace {

bool readable(const at::Tensor& x) {
  return x.dim() == 4 && x.is_cpu() && (x.size(3) == 1 || x.stride(3) == 1);
}

/// x [B, H, N, D]
kernels::TokenStrides strides(const at::Tensor& x) {
  return {x.stride(0), x.stride(1), x.stride(2)};
}

}  // namespace

bool short_attention_usable(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  return kernel_dtype(q.scalar_type()) && q.scalar_type() == k.scalar_type() && q.scalar_type() == v.scalar_type() &&
         readable(q) && readable(k) && readable(v) && q.size(3) == v.size(3) && q.size(3) <= kernels::kMaxHeadDim &&
         q.numel() > 0 && k.size(2) > 0 && kernels::this_cpu().features.avx2;
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
  parallel_ranges(kernels::attention_tasks(args), 1,
                  [&](std::int64_t begin, std::int64_t end) { kernels::attention(args, begin, end); });
  return out;
}

}  // namespace vitral::nn
