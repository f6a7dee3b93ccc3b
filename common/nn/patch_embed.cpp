#include "common/nn/patch_embed.h"

#include "common/nn/pictures.h"

namespace vitral::nn {

PatchEmbedImpl::PatchEmbedImpl(std::int64_t in_chans_, std::int64_t dim_, std::int64_t patch_)
    : in_chans(in_chans_), dim(dim_), patch(patch_) {
  reset();
}

void PatchEmbedImpl::reset() {
  drop_packed();
  proj = register_module("proj", Conv2d(Conv2dOptions(in_chans, dim, patch).stride(patch).bias(true)));
}

void PatchEmbedImpl::train(bool on) {
  if (on) set_inference(nullptr);
  torch::nn::Module::train(on);
}

at::Tensor PatchEmbedImpl::forward_map(const at::Tensor& images) { return proj->forward(images); }

at::Tensor PatchEmbedImpl::forward(const at::Tensor& images) {
  if (are_levels(images) && inference() != nullptr) return from_levels_.forward(images, *proj, *inference());
  return forward_map(images).flatten(2).transpose(1, 2);  // [B, dim, h, w] -> [B, h * w, dim]
}

}  // namespace vitral::nn
