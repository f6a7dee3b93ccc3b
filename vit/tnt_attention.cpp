#include "vit/tnt_attention.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>

#include "common/nn/attention.h"

namespace vitral::vit {

void TntAttentionImpl::reset() {
  drop_packed();
  qk = register_module("qk", nn::Linear(dim, 2 * dim, false));
  v = register_module("v", nn::Linear(dim, dim, false));
  proj = register_module("proj", nn::Linear(dim, dim));
}

void TntAttentionImpl::train(bool on) {
  if (on) set_inference(nullptr);
  torch::nn::Module::train(on);
}

std::vector<at::Tensor> TntAttentionImpl::project(const at::Tensor& x) {
  if (inference() == nullptr || at::GradMode::is_enabled()) {
    auto parts = qk->forward(x).chunk(2, -1);
    parts.push_back(v->forward(x));
    return parts;
  }
  if (all_.is_empty()) {
    all_ = nn::Linear(dim, 3 * dim, false);
    all_->weight = at::cat({qk->weight, v->weight}).detach();
    all_->set_inference(
        std::make_shared<const nn::InferenceOptions>(nn::InferenceOptions{inference()->precision, nullptr}));
    packed(qk->weight);
    packed(v->weight);
  }
  return all_->forward(x).chunk(3, -1);
}

at::Tensor TntAttentionImpl::forward(const at::Tensor& x, const at::Tensor& residual) {
  const auto parts = project(x);
  nn::AttendOptions options;
  options.weights = weights_wanted();
  const auto mixed = nn::attend(nn::split_heads(parts[0], heads), nn::split_heads(parts[1], heads),
                                nn::split_heads(parts[2], heads), options);  // [B, N, C]
  return proj->forward(mixed, nn::Activation::none, residual);
}

}  // namespace vitral::vit
