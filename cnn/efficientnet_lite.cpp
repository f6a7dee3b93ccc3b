#include "cnn/efficientnet_lite.h"

#include <ATen/ops/dropout.h>

#include <algorithm>
#include <cmath>

namespace vitral::cnn {
namespace {

using nn::Activation;
using nn::Conv2dOptions;

struct Stage {
  std::int64_t repeats, kernel, stride, expansion, channels;
};

constexpr Stage kStages[] = {
    {1, 3, 1, 1, 16},  {2, 3, 2, 6, 24},  {2, 5, 2, 6, 40},  {3, 3, 2, 6, 80},
    {3, 5, 1, 6, 112}, {4, 5, 2, 6, 192}, {1, 3, 1, 6, 320},
};

/// The multiple of 8 nearest to `channels` * `factor`, unless that loses more than a tenth.
std::int64_t scaled_channels(std::int64_t channels, double factor) {
  const double wanted = static_cast<double>(channels) * factor;
  const std::int64_t rounded = std::max<std::int64_t>(8, static_cast<std::int64_t>(wanted + 4) / 8 * 8);
  return static_cast<double>(rounded) < 0.9 * wanted ? rounded + 8 : rounded;
}

std::int64_t scaled_repeats(std::size_t stage, double factor) {
  const std::int64_t repeats = kStages[stage].repeats;
  if (stage == 0 || stage + 1 == std::size(kStages)) return repeats;
  return static_cast<std::int64_t>(std::ceil(static_cast<double>(repeats) * factor));
}

Conv2dOptions spatial(std::int64_t in, std::int64_t out, std::int64_t kernel, const EfficientNetLiteOptions& options) {
  return Conv2dOptions(in, out, kernel).padding(kernel / 2).same(options.tensorflow());
}

/// All blocks, stage by stage.
std::vector<std::vector<InvertedResidualOptions>> plan(const EfficientNetLiteOptions& options) {
  std::vector<std::vector<InvertedResidualOptions>> stages;
  std::int64_t in = options.stem(), count = 0;
  for (std::size_t s = 0; s < std::size(kStages); ++s) {
    const Stage& stage = kStages[s];
    const std::int64_t out = scaled_channels(stage.channels, options.width());
    auto& blocks = stages.emplace_back();
    for (std::int64_t i = 0; i < scaled_repeats(s, options.depth()); ++i, ++count) {
      blocks.push_back({in, out, stage.kernel, i == 0 ? stage.stride : 1, stage.expansion});
      in = out;
    }
  }
  std::int64_t index = 0;
  for (auto& blocks : stages) {
    for (auto& block : blocks) {
      block.drop_path = options.drop_path() * static_cast<double>(index++) / static_cast<double>(count);
    }
  }
  return stages;
}

}  // namespace

InvertedResidualImpl::InvertedResidualImpl(const EfficientNetLiteOptions& options_,
                                           const InvertedResidualOptions& block_)
    : options(options_), block(block_) {
  reset();
}

void InvertedResidualImpl::reset() {
  const auto& b = block;
  const auto norm = options.norm_options();
  const std::int64_t mid = b.in * b.expansion;
  const bool expands = b.expansion != 1;
  if (expands) expand = nn::register_conv_norm(*this, "conv_pw", "bn1", Conv2dOptions(b.in, mid, 1), norm);
  depthwise = nn::register_conv_norm(*this, "conv_dw", expands ? "bn2" : "bn1",
                                     spatial(mid, mid, b.kernel, options).stride(b.stride).groups(mid), norm);
  project = nn::register_conv_norm(*this, expands ? "conv_pwl" : "conv_pw", expands ? "bn3" : "bn2",
                                   Conv2dOptions(mid, b.out, 1), norm);
  drop_path = register_module("drop_path", nn::DropPath(b.drop_path));
}

at::Tensor InvertedResidualImpl::forward(at::Tensor x) {
  const auto expanded = expand.is_empty() ? x : expand->forward(x, Activation::relu6);
  const auto filtered = depthwise->forward(expanded, Activation::relu6);
  if (block.stride != 1 || block.in != block.out) return project->forward(filtered);
  if (drop_path->is_identity()) return project->forward(filtered, Activation::none, std::move(x));
  return drop_path->forward(project->forward(filtered)) + x;
}

EfficientNetLiteImpl::EfficientNetLiteImpl(const EfficientNetLiteOptions& options_) : options(options_) {
  reset();
}

void EfficientNetLiteImpl::reset() {
  const auto norm = options.norm_options();
  conv_stem = nn::register_conv_norm(*this, "conv_stem", "bn1",
                                     spatial(options.in_chans(), options.stem(), 3, options).stride(2), norm);
  blocks = register_module("blocks", torch::nn::ModuleList());
  std::int64_t last = options.stem();
  for (const auto& stage : plan(options)) {
    torch::nn::ModuleList list;
    for (const auto& block : stage) list->push_back(InvertedResidual(options, block));
    last = stage.back().out;
    blocks->push_back(list);
  }
  conv_head = nn::register_conv_norm(*this, "conv_head", "bn2", Conv2dOptions(last, options.head(), 1), norm);
  if (options.num_classes() > 0) {
    classifier = register_module("classifier", nn::Linear(options.head(), options.num_classes()));
  }
}

at::Tensor EfficientNetLiteImpl::forward_features(const at::Tensor& images) {
  auto x = conv_stem->forward(images, Activation::relu6);
  for (const auto& stage : *blocks) {
    for (const auto& block : *stage->as<torch::nn::ModuleList>())
      x = block->as<InvertedResidual>()->forward(std::move(x));
  }
  return conv_head->forward(x, Activation::relu6);
}

at::Tensor EfficientNetLiteImpl::pool(const at::Tensor& features) {
  return features.mean({2, 3});
}

at::Tensor EfficientNetLiteImpl::forward_head(const at::Tensor& pooled) {
  if (classifier.is_empty()) return pooled;
  return classifier->forward(at::dropout(pooled, options.dropout(), is_training()));
}

}  // namespace vitral::cnn
