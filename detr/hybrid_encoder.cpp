#include "detr/hybrid_encoder.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/upsample_nearest2d.h>

#include <cmath>

#include "common/nn/init.h"
#include "common/nn/positions.h"

namespace vitral::detr {
namespace {

constexpr std::int64_t kRepBlocks = 3;

nn::ConvBlock block(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride = 1) {
  return nn::ConvBlock(nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2), nn::Activation::silu);
}

template <class Block>
at::Tensor run(const torch::nn::ModuleList& list, std::size_t i, const at::Tensor& x) {
  return list->ptr(i)->as<Block>()->forward(x);
}

}  // namespace

void RepBlockImpl::reset() {
  drop_packed();
  conv1 = register_module("conv1", nn::ConvBlock(nn::Conv2dOptions(channels, channels, 3).padding(1)));
  conv2 = register_module("conv2", nn::ConvBlock(nn::Conv2dOptions(channels, channels, 1), nn::Activation::silu));
}

void RepBlockImpl::train(bool on) {
  if (on) set_inference(nullptr);
  torch::nn::Module::train(on);
}

nn::Conv2d RepBlockImpl::fuse() const {
  const auto three = conv1->conv->folded(), one = conv2->conv->folded();
  return nn::inference_conv(nn::Conv2dOptions(channels, channels, 3).padding(1),
                            {three.weight + at::constant_pad_nd(one.weight, {1, 1, 1, 1}), three.bias + one.bias},
                            {inference()->precision});
}

at::Tensor RepBlockImpl::forward(const at::Tensor& x) {
  if (inference() == nullptr || at::GradMode::is_enabled()) return conv2->forward(x, conv1->forward(x));
  if (fused_.is_empty()) fused_ = fuse();
  return fused_->forward(x, nn::Activation::silu);
}

CspRepBlockImpl::CspRepBlockImpl(std::int64_t in_, std::int64_t out_, double expansion_)
    : in(in_), out(out_), expansion(expansion_) {
  reset();
}

void CspRepBlockImpl::reset() {
  const auto inside = static_cast<std::int64_t>(static_cast<double>(out) * expansion);
  conv1 = register_module("conv1", block(in, inside, 1));
  conv2 = register_module("conv2", block(in, inside, 1));
  bottlenecks = register_module("bottlenecks", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < kRepBlocks; ++i) bottlenecks->push_back(RepBlock(inside));
  if (inside != out) conv3 = register_module("conv3", block(inside, out, 1));
}

at::Tensor CspRepBlockImpl::forward(const at::Tensor& x) {
  auto y = conv1->forward(x);
  for (const auto& each : *bottlenecks) y = each->as<RepBlock>()->forward(y);
  y = y + conv2->forward(x);
  return conv3.is_empty() ? y : conv3->forward(y);
}

HybridEncoderImpl::HybridEncoderImpl(const HybridEncoderOptions& options_) : options(options_) {
  reset();
}

void HybridEncoderImpl::reset() {
  const std::int64_t dim = options.dim();
  input_proj = register_module("input_proj", torch::nn::ModuleList());
  for (const std::int64_t channels : options.in_channels()) {
    input_proj->push_back(nn::ConvBlock(nn::Conv2dOptions(channels, dim, 1)));
  }
  const auto layer = nn::TransformerLayerOptions(dim, options.heads(), options.hidden())
                         .activation(nn::Activation::gelu)
                         .dropout(options.dropout());
  aifi = register_module("aifi", nn::TransformerEncoder(layer, /*depth=*/1, /*final_norm=*/false));
  lateral_convs = register_module("lateral_convs", torch::nn::ModuleList());
  fpn_blocks = register_module("fpn_blocks", torch::nn::ModuleList());
  downsample_convs = register_module("downsample_convs", torch::nn::ModuleList());
  pan_blocks = register_module("pan_blocks", torch::nn::ModuleList());
  for (std::size_t step = 1; step < options.in_channels().size(); ++step) {
    lateral_convs->push_back(block(dim, dim, 1));
    fpn_blocks->push_back(CspRepBlock(2 * dim, dim, options.expansion()));
    downsample_convs->push_back(block(dim, dim, 3, 2));
    pan_blocks->push_back(CspRepBlock(2 * dim, dim, options.expansion()));
  }
}

at::Tensor HybridEncoderImpl::attend_within(const at::Tensor& map) {
  const std::int64_t h = map.size(2), w = map.size(3);
  const auto positions = positions_.get(
      {h, w}, map, [&] { return nn::sine_positions_by_axis(h, w, options.dim()).to(map.device(), map.scalar_type()); });
  const auto tokens = aifi->forward(map.flatten(2).transpose(1, 2), positions);  // [B, h * w, C]
  return tokens.reshape({map.size(0), h, w, options.dim()}).permute({0, 3, 1, 2});
}

std::vector<at::Tensor> HybridEncoderImpl::top_down(std::vector<at::Tensor> maps) {
  const std::size_t last = maps.size() - 1;
  for (std::size_t step = 0; step < last; ++step) {
    auto& high = maps[last - step];
    auto& low = maps[last - step - 1];
    high = run<nn::ConvBlock>(lateral_convs, step, high);
    const auto raised = at::upsample_nearest2d(high, low.sizes().slice(2));
    low = run<CspRepBlock>(fpn_blocks, step, at::cat({raised, low}, 1));
  }
  return maps;
}

std::vector<at::Tensor> HybridEncoderImpl::bottom_up(std::vector<at::Tensor> maps) {
  for (std::size_t step = 0; step + 1 < maps.size(); ++step) {
    const auto lowered = run<nn::ConvBlock>(downsample_convs, step, maps[step]);
    maps[step + 1] = run<CspRepBlock>(pan_blocks, step, at::cat({lowered, maps[step + 1]}, 1));
  }
  return maps;
}

std::vector<at::Tensor> HybridEncoderImpl::forward(const std::vector<at::Tensor>& maps) {
  std::vector<at::Tensor> projected;
  for (std::size_t i = 0; i < maps.size(); ++i) projected.push_back(run<nn::ConvBlock>(input_proj, i, maps[i]));
  projected.back() = attend_within(projected.back());
  return bottom_up(top_down(std::move(projected)));
}

}  // namespace vitral::detr
