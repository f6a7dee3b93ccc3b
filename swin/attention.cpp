#include "swin/attention.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "common/nn/init.h"
#include "swin/position_bias.h"

namespace vitral::swin {

void PositionMlpImpl::reset() {
  first = register_module("0", nn::Linear(2, 512));
  second = register_module("2", nn::Linear(512, heads, false));
}

at::Tensor PositionMlpImpl::forward(const at::Tensor& offsets) {
  const auto hidden = at::relu(at::linear(offsets, first->weight.to(at::kFloat), first->bias.to(at::kFloat)));
  return at::linear(hidden, second->weight.to(at::kFloat));
}

WindowAttentionImpl::WindowAttentionImpl(const WindowAttentionOptions& options_) : options(options_) {
  reset();
}

void WindowAttentionImpl::reset() {
  drop_packed();
  const auto& o = options;
  qkv = register_module("qkv", nn::Linear(o.dim, 3 * o.dim, !is_v2()));
  proj = register_module("proj", nn::Linear(o.dim, o.dim));
  if (is_v2()) {
    logit_scale = register_parameter("logit_scale", at::full({o.heads, 1, 1}, std::log(10.0)));
    q_bias = register_parameter("q_bias", at::zeros({o.dim}));
    v_bias = register_parameter("v_bias", at::zeros({o.dim}));
    cpb_mlp = register_module("cpb_mlp", PositionMlp(o.heads));
  } else {
    const std::int64_t offsets = (2 * o.window[0] - 1) * (2 * o.window[1] - 1);
    relative_position_bias_table = register_parameter("relative_position_bias_table", at::empty({offsets, o.heads}));
    nn::trunc_normal_(relative_position_bias_table, 0.02);
  }
}

void WindowAttentionImpl::train(bool on) {
  if (on) set_inference(nullptr);
  torch::nn::Module::train(on);
}

at::Tensor WindowAttentionImpl::position_bias() {
  if (!is_v2()) return bias_from_table(relative_position_bias_table.to(at::kFloat), options.window);
  const auto offsets = log_offsets(options.window, options.pretrained_window()).to(logit_scale.device());
  return bias_from_table(16 * at::sigmoid(cpb_mlp->forward(offsets)), options.window);
}

WindowAttentionImpl::ScoreTerms WindowAttentionImpl::score_terms(const WindowLayout& layout) {
  ScoreTerms terms;
  terms.bias = position_bias().unsqueeze(0);  // [1, heads, N, N]
  if (layout.masks.defined()) terms.bias = terms.bias + layout.masks;
  if (is_v2()) terms.head_scale = logit_scale.to(at::kFloat).view({-1}).clamp_max(std::log(100.0)).exp();
  return terms;
}

at::Tensor WindowAttentionImpl::project(const at::Tensor& x) {
  const bool packed = inference() != nullptr && !at::GradMode::is_enabled();
  // v2's keys have no bias: the projection's is put together anew wherever its parts may have changed.
  if (is_v2() && !(packed && qkv->bias.defined())) qkv->bias = at::cat({q_bias, at::zeros_like(q_bias), v_bias});
  return qkv->forward(x);
}

at::Tensor WindowAttentionImpl::forward(const at::Tensor& x, const Size& map, const WindowLayout& layout,
                                        const at::Tensor& residual) {
  const auto packed = project(x);  // [B, H * W, 3C]
  const bool keep = inference() != nullptr && !at::GradMode::is_enabled();
  const auto terms = keep ? *terms_.get({map, x.device()}, [&] { return score_terms(layout); }) : score_terms(layout);
  nn::WindowAttendOptions attend_options;
  attend_options.bias = terms.bias;
  attend_options.head_scale = terms.head_scale;
  attend_options.dropout = is_training() ? options.dropout() : 0.0;
  if (layout.table.padded) attend_options.padding = qkv->bias.to(packed.scalar_type());
  if (recording()) {
    attend_options.weights = weights_wanted();
    record_.windows = layout.table.tokens;
    record_.map = map;
  }
  return proj->forward(nn::attend_windows(packed, options.heads, layout.table, attend_options), nn::Activation::none,
                       residual);
}

}  // namespace vitral::swin
