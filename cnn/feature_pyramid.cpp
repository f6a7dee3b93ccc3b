#include "cnn/feature_pyramid.h"

#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/upsample_nearest2d.h>

namespace vitral::cnn {

void FeaturePyramidImpl::reset() {
  inner_blocks = register_module("inner_blocks", torch::nn::ModuleList());
  layer_blocks = register_module("layer_blocks", torch::nn::ModuleList());
  const auto unit = [this](std::int64_t in, std::int64_t kernel) {
    const auto conv = nn::Conv2dOptions(in, options.channels(), kernel).padding(kernel / 2).bias(!options.norm());
    return ConvUnit(ConvUnitOptions(conv).norm(options.norm()));
  };
  for (const std::int64_t in : options.in()) {
    inner_blocks->push_back(unit(in, 1));
    layer_blocks->push_back(unit(options.channels(), 3));
  }
}

std::vector<at::Tensor> FeaturePyramidImpl::forward(const std::vector<at::Tensor>& maps) {
  std::vector<at::Tensor> result(maps.size());
  at::Tensor merged;
  for (std::size_t i = maps.size(); i-- > 0;) {
    at::Tensor coarser;
    if (merged.defined()) coarser = at::upsample_nearest2d(merged, maps[i].sizes().slice(2));
    merged = inner_blocks[i]->as<ConvUnit>()->forward(maps[i], std::move(coarser));
    result[i] = layer_blocks[i]->as<ConvUnit>()->forward(merged);
  }
  result.push_back(at::max_pool2d(result.back(), 1, 2));
  return result;
}

}  // namespace vitral::cnn
