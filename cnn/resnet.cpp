#include "cnn/resnet.h"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>

#include <algorithm>
#include <numeric>

#include "common/core/error.h"
#include "common/nn/checkpoint.h"

namespace vitral::cnn {

using nn::Activation;
using nn::Conv2dOptions;

DownsampleImpl::DownsampleImpl(std::int64_t in_, std::int64_t out_, std::int64_t stride_, const ResNetOptions& options_)
    : in(in_), out(out_), stride(stride_), options(options_) {
  reset();
}

void DownsampleImpl::reset() {
  const bool pooled = options.deep();
  const auto geometry = Conv2dOptions(in, out, 1).stride(pooled ? 1 : stride);
  conv = nn::register_conv_norm(*this, pooled ? "1" : "0", pooled ? "2" : "1", geometry, options.norm_options());
}

at::Tensor DownsampleImpl::forward(const at::Tensor& x) {
  if (!options.deep() || stride == 1) return conv->forward(x);
  return conv->forward(at::avg_pool2d(x, stride, stride, 0, /*ceil_mode=*/true, /*count_include_pad=*/false));
}

ResidualBlockImpl::ResidualBlockImpl(const ResNetOptions& options_, const BlockPlace& place_)
    : options(options_), place(place_) {
  reset();
}

void ResidualBlockImpl::reset() {
  const auto& p = place;
  const std::int64_t out = p.planes * options.expansion();
  const auto norm = options.norm_options(), last_norm = options.norm_options(/*zero=*/true);
  const auto spatial = [&p](std::int64_t in, std::int64_t dilation) {
    return Conv2dOptions(in, p.planes, 3).padding(dilation).dilation(dilation);
  };
  if (options.block() == BlockKind::bottleneck) {
    conv1 = nn::register_conv_norm(*this, "conv1", "bn1", Conv2dOptions(p.in, p.planes, 1), norm);
    conv2 = nn::register_conv_norm(*this, "conv2", "bn2", spatial(p.planes, p.dilation).stride(p.stride), norm);
    conv3 = nn::register_conv_norm(*this, "conv3", "bn3", Conv2dOptions(p.planes, out, 1), last_norm);
  } else {
    conv1 = nn::register_conv_norm(*this, "conv1", "bn1", spatial(p.in, p.dilation).stride(p.stride), norm);
    conv2 = nn::register_conv_norm(*this, "conv2", "bn2", spatial(p.planes, p.dilation), last_norm);
  }
  if (p.stride != 1 || p.in != out || p.project) {
    downsample = register_module("downsample", Downsample(p.in, out, p.stride, options));
  }
  drop_path = register_module("drop_path", nn::DropPath(p.drop_path));
}

at::Tensor ResidualBlockImpl::forward(at::Tensor x) {
  auto branch = conv1->forward(x, Activation::relu);
  if (!conv3.is_empty()) branch = conv2->forward(branch, Activation::relu);
  auto& last = conv3.is_empty() ? conv2 : conv3;
  auto shortcut = downsample.is_empty() ? std::move(x) : downsample->forward(x);
  if (drop_path->is_identity()) return last->forward(branch, Activation::relu, std::move(shortcut));
  return at::relu(drop_path->forward(last->forward(branch)) + shortcut);
}

DeepStemImpl::DeepStemImpl(const ResNetOptions& options_) : options(options_) {
  reset();
}

void DeepStemImpl::reset() {
  const std::int64_t half = options.width() / 2;
  const auto norm = options.norm_options();
  first =
      nn::register_conv_norm(*this, "0", "1", Conv2dOptions(options.in_chans(), half, 3).stride(2).padding(1), norm);
  second = nn::register_conv_norm(*this, "3", "4", Conv2dOptions(half, half, 3).padding(1), norm);
  last = register_module("6", nn::Conv2d(Conv2dOptions(half, options.width(), 3).padding(1)));
}

at::Tensor DeepStemImpl::forward(const at::Tensor& images) {
  const auto x = second->forward(first->forward(images, Activation::relu), Activation::relu);
  return last->forward(x, Activation::relu);
}

ResNetImpl::ResNetImpl(const ResNetOptions& options_) : options(options_) {
  check();
  reset();
}

void ResNetImpl::check() const {
  std::int64_t last = 0;
  for (const std::int64_t level : options.levels()) {
    if (level > last && level <= 4) {
      last = level;
      continue;
    }
    throw Error(ErrorKind::failed, "ResNet",
                "level " + std::to_string(level) + " asked for, 1 to 4 in rising order expected");
  }
  if (options.dilate_last() && (options.deep() || options.block() == BlockKind::basic)) {
    throw Error(ErrorKind::failed, "ResNet", "only the plain bottleneck networks have a dilated form");
  }
}

void ResNetImpl::reset() {
  if (options.deep()) {
    deep_stem = register_module("conv1", DeepStem(options));
  } else {
    const auto stem = options.small_pictures()
                          ? Conv2dOptions(options.in_chans(), options.width(), 3).padding(1)
                          : Conv2dOptions(options.in_chans(), options.width(), 7).stride(2).padding(3);
    conv1 = register_module("conv1", nn::Conv2d(stem));
  }
  bn1 = nn::register_norm(*this, "bn1", options.width(), options.norm_options());
  join_stem();
  for (std::int64_t stage = 1; stage <= 4; ++stage) {
    stages[stage - 1] = register_module("layer" + std::to_string(stage), make_stage(stage));
  }
  if (options.num_classes() > 0) {
    fc = register_module("fc", nn::Linear(options.channels(4), options.num_classes()));
  }
}

/// The norm behind the stem is the network's own child, so a stem that was cloned by itself knows nothing of it.
void ResNetImpl::join_stem() {
  (options.deep() ? deep_stem->last : conv1)->set_norm(bn1);
}

std::shared_ptr<torch::nn::Module> ResNetImpl::clone(const std::optional<torch::Device>& device) const {
  auto copy = Cloneable::clone(device);
  dynamic_cast<ResNetImpl&>(*copy).join_stem();
  return copy;
}

torch::nn::ModuleList ResNetImpl::make_stage(std::int64_t stage) const {
  const auto& depths = options.depths();
  const auto first_block = std::accumulate(depths.begin(), depths.begin() + (stage - 1), std::int64_t{0});
  const auto drop_rates =
      nn::drop_path_rates(options.drop_path(), std::accumulate(depths.begin(), depths.end(), std::int64_t{0}));
  const bool dilated = stage == 4 && options.dilate_last();
  torch::nn::ModuleList blocks;
  for (std::int64_t i = 0; i < depths[stage - 1]; ++i) {
    BlockPlace place;
    place.planes = options.width() << (stage - 1);
    place.in = i > 0 ? options.channels(stage) : stage > 1 ? options.channels(stage - 1) : options.width();
    place.stride = i == 0 && stage > 1 && !dilated ? 2 : 1;
    place.dilation = i > 0 && dilated ? 2 : 1;  // the first block still sees undilated neighbours
    place.project = i == 0 && stage == 1 && options.project_first();
    place.drop_path = drop_rates[first_block + i];
    blocks->push_back(ResidualBlock(options, place));
  }
  return blocks;
}

at::Tensor ResNetImpl::forward_stem(const at::Tensor& images) {
  const auto x = options.deep() ? deep_stem->forward(images) : conv1->forward(images, Activation::relu);
  return options.small_pictures() ? x : at::max_pool2d(x, 3, 2, 1);  // [B, width, H / 4, W / 4], small [B, width, H, W]
}

at::Tensor ResNetImpl::forward_stage(std::int64_t stage, at::Tensor x) {
  for (const auto& each : *stages[stage - 1]) {
    const auto run = [block = each->as<ResidualBlock>()](at::Tensor in) { return block->forward(std::move(in)); };
    x = nn::checkpointed(run, std::move(x));
  }
  return x;
}

at::Tensor ResNetImpl::forward_features(const at::Tensor& images) {
  auto x = forward_stem(images);
  for (std::int64_t stage = 1; stage <= 4; ++stage) x = forward_stage(stage, std::move(x));
  return x;
}

std::vector<at::Tensor> ResNetImpl::forward_maps(const at::Tensor& images) {
  const auto& levels = options.levels();
  std::vector<at::Tensor> maps;
  auto x = forward_stem(images);
  for (std::int64_t stage = 1; stage <= 4; ++stage) {
    x = forward_stage(stage, std::move(x));
    if (std::find(levels.begin(), levels.end(), stage) != levels.end()) maps.push_back(x);
  }
  return maps;
}

at::Tensor ResNetImpl::pool(const at::Tensor& features) {
  return features.mean({2, 3});
}

at::Tensor ResNetImpl::forward_head(const at::Tensor& pooled) {
  if (fc.is_empty()) return pooled;
  return fc->forward(at::dropout(pooled, options.dropout(), is_training()));
}

std::vector<std::int64_t> ResNetImpl::channels() const {
  std::vector<std::int64_t> result;
  for (const std::int64_t level : options.levels()) result.push_back(options.channels(level));
  return result;
}

std::vector<std::int64_t> ResNetImpl::strides() const {
  std::vector<std::int64_t> result;
  for (const std::int64_t level : options.levels()) {
    result.push_back(level == 4 && options.dilate_last() ? 16 : std::int64_t{2} << level);
  }
  return result;
}

}  // namespace vitral::cnn
