/// Feature pyramids (Lin et al. 2017, Feature Pyramid Networks for Object Detection).
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/pimpl.h>

#include <optional>
#include <vector>

#include "cnn/conv_unit.h"

namespace vitral::cnn {

struct FeaturePyramidOptions {
  TORCH_ARG(std::vector<std::int64_t>, in);  ///< channels of the backbone's maps, finest first
  TORCH_ARG(std::int64_t, channels) = 256;
  TORCH_ARG(std::optional<nn::NormOptions>, norm);  ///< behind each convolution, which then has no bias
};

/// Each map is brought to one width, the next coarser one is added twice as fine, and a 3x3 convolution smooths the
/// sum. Children `inner_blocks`, `layer_blocks`, one each a level.
class FeaturePyramidImpl : public torch::nn::Cloneable<FeaturePyramidImpl> {
 public:
  explicit FeaturePyramidImpl(const FeaturePyramidOptions& options_) : options(options_) { reset(); }
  void reset() override;
  /// maps [B, in[i], h, w] -> as many of `channels`, and one more: every second cell of the coarsest.
  std::vector<at::Tensor> forward(const std::vector<at::Tensor>& maps);

  FeaturePyramidOptions options;
  torch::nn::ModuleList inner_blocks = nullptr, layer_blocks = nullptr;
};
TORCH_MODULE(FeaturePyramid);

}  // namespace vitral::cnn
