#include "common/nn/attention.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/where.h>

#include <cmath>

#include "common/nn/onednn.h"
#include "common/nn/short_attention.h"

namespace vitral::nn {
namespace {

constexpr std::int64_t kFewKeys = 1024;  // whose scores may be kept whole

double scale_of(const at::Tensor& q, const AttendOptions& options) {
  return options.scale.value_or(1.0 / std::sqrt(static_cast<double>(q.size(-1))));
}

/// [B, H, N, D] -> [B, N, H * D]; a view where the producer laid the heads out side by side.
at::Tensor merge_heads(const at::Tensor& x) {
  return x.transpose(1, 2).reshape({x.size(0), x.size(2), x.size(1) * x.size(3)});
}

}  // namespace

at::Tensor split_heads(const at::Tensor& x, std::int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

at::Tensor attend_plain(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttendOptions& options) {
  auto scores = at::matmul(q * scale_of(q, options), k.transpose(-2, -1)).to(at::kFloat);
  if (options.bias.defined()) scores = scores + options.bias.to(at::kFloat);
  auto weights = at::softmax(scores, -1);
  if (options.bias.defined()) weights = at::where(scores.amax({-1}, true) == -INFINITY, 0.0, weights);
  weights = weights.to(v.scalar_type());
  if (options.weights != nullptr) *options.weights = weights;
  if (options.dropout > 0) weights = at::dropout(weights, options.dropout, true);
  return merge_heads(at::matmul(weights, v));
}

at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttendOptions& options) {
  if (options.weights != nullptr) return attend_plain(q, k, v, options);
  const bool differentiable =
      at::GradMode::is_enabled() && (q.requires_grad() || k.requires_grad() || v.requires_grad() ||
                                     (options.bias.defined() && options.bias.requires_grad()));
  if (!differentiable && options.dropout == 0.0 && short_attention_usable(q, k, v)) {
    return short_attention(q, k, v, options.bias, scale_of(q, options));
  }
  // LibTorch's fused kernel multiplies head by head, pieces too small for oneDNN: there all heads at once are faster.
  if (differentiable && q.is_cpu() && k.size(2) <= kFewKeys && onednn::preferred_for_products()) {
    return attend_plain(q, k, v, options);
  }
  std::optional<at::Tensor> bias;
  if (options.bias.defined()) {
    bias = options.bias.to(q.scalar_type());
    while (bias->dim() < 4) bias = bias->unsqueeze(0);  // the fused kernels take two or four dimensions only
  }
  return merge_heads(at::scaled_dot_product_attention(q, k, v, bias, options.dropout, false, scale_of(q, options)));
}

MultiheadAttentionImpl::MultiheadAttentionImpl(const MultiheadAttentionOptions& options_) : options(options_) {
  reset();
}

void MultiheadAttentionImpl::reset() {
  qkv = register_module("qkv", Linear(options.dim, 3 * options.dim, options.qkv_bias()));
  proj = register_module("proj", Linear(options.dim, options.dim));
}

at::Tensor MultiheadAttentionImpl::forward(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& residual) {
  const auto parts = qkv->forward(x).chunk(3, -1);  // 3 x [B, N, C], views of one tensor
  return project(parts[0], parts[1], parts[2], bias, residual);
}

at::Tensor MultiheadAttentionImpl::forward(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                                           const at::Tensor& bias, const at::Tensor& residual) {
  const std::int64_t dim = options.dim;
  if (query.is_same(key) && key.is_same(value)) return forward(query, bias, residual);
  if (query.is_same(key)) {
    const auto qk = qkv->forward_rows(query, 0, 2 * dim).chunk(2, -1);
    return project(qk[0], qk[1], qkv->forward_rows(value, 2 * dim, dim), bias, residual);
  }
  return forward_projected(project_query(query), key, value, bias, residual);
}

at::Tensor MultiheadAttentionImpl::forward_projected(const at::Tensor& q, const at::Tensor& key, const at::Tensor& value,
                                                     const at::Tensor& bias, const at::Tensor& residual) {
  const auto known = remember(key, value);
  return project(q, known.keys, known.values, bias, residual);
}

at::Tensor MultiheadAttentionImpl::forward_next(const at::Tensor& x, KeyValues& past, const at::Tensor& bias,
                                                const at::Tensor& residual) {
  const auto parts = qkv->forward(x).chunk(3, -1);
  const auto append = [](at::Tensor& seen, const at::Tensor& more) {
    seen = seen.defined() ? at::cat({seen, more}, 1) : more;
  };
  append(past.keys, parts[1]);
  append(past.values, parts[2]);
  return project(parts[0], past.keys, past.values, bias, residual);
}

KeyValues MultiheadAttentionImpl::remember(const at::Tensor& key, const at::Tensor& value) {
  const std::int64_t dim = options.dim;
  if (key.is_same(value)) {
    const auto kv = qkv->forward_rows(key, dim, 2 * dim).chunk(2, -1);
    return {kv[0], kv[1]};
  }
  return {qkv->forward_rows(key, dim, dim), qkv->forward_rows(value, 2 * dim, dim)};
}

at::Tensor MultiheadAttentionImpl::forward_known(const at::Tensor& query, const KeyValues& known, const at::Tensor& bias,
                                                 const at::Tensor& residual) {
  return project(project_query(query), known.keys, known.values, bias, residual);
}

at::Tensor MultiheadAttentionImpl::project(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                           const at::Tensor& bias, const at::Tensor& residual) {
  AttendOptions attend_options;
  attend_options.bias = bias;
  attend_options.dropout = is_training() ? options.dropout() : 0.0;
  attend_options.weights = weights_wanted();
  const auto mixed = attend(split_heads(q, options.heads), split_heads(k, options.heads), split_heads(v, options.heads),
                            attend_options);  // [B, N, C]
  return proj->forward(mixed, Activation::none, residual);
}

}  // namespace vitral::nn
