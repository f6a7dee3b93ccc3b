#include "common/nn/conv_norm.h"

namespace vitral::nn {

std::shared_ptr<ChannelNorm> register_norm(torch::nn::Module& owner, const std::string& name, std::int64_t channels,
                                           const NormOptions& options) {
  if (options.kind == NormKind::frozen) {
    return owner.register_module(name, FrozenBatchNorm2d(channels, options.eps));
  }
  auto norm = owner.register_module(name, BatchNorm2d(channels, options.eps, options.momentum));
  if (options.zero) norm->weight.detach().zero_();
  return norm;
}

Conv2d register_conv_norm(torch::nn::Module& owner, const std::string& conv_name, const std::string& norm_name,
                          const Conv2dOptions& conv_options, const NormOptions& norm_options) {
  auto conv = owner.register_module(conv_name, Conv2d(conv_options));
  conv->set_norm(register_norm(owner, norm_name, conv_options.out_channels, norm_options));
  return conv;
}

}  // namespace vitral::nn
