#include "swin/patches.h"

#include <ATen/ops/constant_pad_nd.h>

#include "common/core/error.h"
#include "common/nn/pictures.h"

namespace vitral::swin {

PatchEmbedImpl::PatchEmbedImpl(std::int64_t in_chans_, std::int64_t dim_, std::int64_t patch_, Convention convention_)
    : in_chans(in_chans_), dim(dim_), patch(patch_), convention(convention_) {
  reset();
}

void PatchEmbedImpl::reset() {
  drop_packed();
  proj = register_module("proj", nn::Conv2d(nn::Conv2dOptions(in_chans, dim, patch).stride(patch).bias(true)));
  norm = register_module("norm", nn::LayerNorm(dim));
}

void PatchEmbedImpl::train(bool on) {
  if (on) set_inference(nullptr);
  torch::nn::Module::train(on);
}

at::Tensor PatchEmbedImpl::fit(const at::Tensor& images) const {
  const std::int64_t rows = images.size(2) % patch, columns = images.size(3) % patch;
  if ((rows == 0 && columns == 0) || convention == Convention::torchvision) return images;
  if (convention == Convention::transformers) {
    return at::constant_pad_nd(images, {0, (patch - columns) % patch, 0, (patch - rows) % patch});
  }
  throw Error(ErrorKind::usage, "input of " + std::to_string(images.size(2)) + "x" + std::to_string(images.size(3)),
              "both sides have to be multiples of the patch, " + std::to_string(patch));
}

TokenMap PatchEmbedImpl::forward(const at::Tensor& images) {
  if (nn::are_levels(images) && inference() != nullptr) {
    const auto tokens = from_levels_.forward(images, *proj, *inference());
    return {norm->forward(tokens), {images.size(1) / patch, images.size(2) / patch}};
  }
  const auto map = proj->forward(fit(images));                      // [B, dim, h, w]
  const auto tokens = map.flatten(2).transpose(1, 2).contiguous();  // [B, h * w, dim]
  return {norm->forward(tokens), {map.size(2), map.size(3)}};
}

PatchMergingImpl::PatchMergingImpl(std::int64_t dim_, bool norm_first_) : dim(dim_), norm_first(norm_first_) {
  reset();
}

void PatchMergingImpl::reset() {
  reduction = register_module("reduction", nn::Linear(4 * dim, 2 * dim, false));
  norm = register_module("norm", nn::LayerNorm(norm_first ? 4 * dim : 2 * dim));
}

TokenMap PatchMergingImpl::forward(const TokenMap& x) {
  const std::int64_t batch = x.tokens.size(0), h = (x.size[0] + 1) / 2, w = (x.size[1] + 1) / 2;
  auto map = x.tokens.view({batch, x.size[0], x.size[1], dim});
  if (x.size[0] % 2 != 0 || x.size[1] % 2 != 0)
    map = at::constant_pad_nd(map, {0, 0, 0, x.size[1] % 2, 0, x.size[0] % 2});
  const auto merged =
      map.view({batch, h, 2, w, 2, dim})
          .permute({0, 1, 3, 4, 2, 5})  // the upper left, lower left, upper right, lower right neighbour
          .reshape({batch, h * w, 4 * dim});
  if (norm_first) return {reduction->forward(norm->forward(merged)), {h, w}};
  return {norm->forward(reduction->forward(merged)), {h, w}};
}

}  // namespace vitral::swin
