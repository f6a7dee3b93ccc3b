/// Small networks, hashed weights and golden numbers that the tests of this folder share.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "cnn/efficientnet_lite.h"
#include "cnn/resnet.h"
#include "common/weights/keymap.h"
#include "common/weights/state_dict.h"
#include "tests/support/hashed.h"
#include "tests/support/source_dir.h"
#include "tests/support/tensors.h"

namespace vitral::test {

/// As tests/golden/cnn.py: statistics and affine of norms away from 0 and 1, convolutions that keep the variance.
inline at::Tensor hashed_conv_tensor(const std::string& name, const at::Tensor& like, std::uint32_t stream) {
  const bool scale = like.dim() == 1 && name.ends_with("weight");
  if (scale || name.ends_with("running_var")) return hashed(like.sizes(), stream, 1.0, 0.5);
  if (name.ends_with("running_mean") || name.ends_with("bias")) return hashed(like.sizes(), stream, 0.0, 0.5);
  return hashed(like.sizes(), stream, 0.0, std::sqrt(18.0 / static_cast<double>(like.numel() / like.size(0))));
}

/// Fills parameters and statistics; a tensor's stream is its place among the sorted names.
inline void fill_hashed_conv(torch::nn::Module& module) {
  const at::NoGradGuard no_grad;
  const auto state = weights::state_dict_of(module);
  std::vector<std::string> names;
  for (const auto& each : state) {
    if (!weights::carries_no_weights(each.key())) names.push_back(each.key());
  }
  std::sort(names.begin(), names.end());
  for (std::size_t i = 0; i < names.size(); ++i) {
    at::Tensor tensor = state[names[i]];
    tensor.copy_(hashed_conv_tensor(names[i], tensor, static_cast<std::uint32_t>(i)));
  }
}

/// Eight channels and one or two blocks a stage.
inline cnn::ResNetOptions tiny_resnet(cnn::BlockKind block) {
  return cnn::ResNetOptions().block(block).depths({2, 1, 1, 2}).width(8).num_classes(5);
}

inline cnn::EfficientNetLiteOptions tiny_lite(bool tensorflow) {
  return cnn::EfficientNetLiteOptions().width(0.25).stem(8).head(40).num_classes(5).tensorflow(tensorflow);
}

inline const nlohmann::json& cnn_golden() {
  static const nlohmann::json golden = [] {
    std::ifstream file(test::source_dir() + "/tests/golden/cnn.json");
    return nlohmann::json::parse(file);
  }();
  return golden;
}

}  // namespace vitral::test
