/// Convolutions with the norm behind them, as every convolutional network registers them: two names, one layer.
#pragma once

#include <torch/nn/module.h>

#include "common/nn/conv.h"

namespace vitral::nn {

enum class NormKind {
  batch,   ///< BatchNorm2d
  frozen,  ///< FrozenBatchNorm2d: detectors' backbones
};

struct NormOptions {
  NormKind kind = NormKind::batch;
  double eps = 1e-5;
  /// The scale starts at zero, so that a residual branch starts as nothing (Goyal et al. 2017). Batch norms only.
  bool zero = false;
  double momentum = 0.1;  ///< of the running statistics: the share of the newest batch. Batch norms only.
};

/// Registers a norm over `channels` channels as `owner`'s child `name`.
std::shared_ptr<ChannelNorm> register_norm(torch::nn::Module& owner, const std::string& name, std::int64_t channels,
                                           const NormOptions& options);

/// Registers a convolution and its norm as `owner`'s children of these names.
Conv2d register_conv_norm(torch::nn::Module& owner, const std::string& conv_name, const std::string& norm_name,
                          const Conv2dOptions& conv_options, const NormOptions& norm_options);

}  // namespace vitral::nn
