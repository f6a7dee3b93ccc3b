/// What the program knows a network by, whatever its family.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vitral {

/// What a user may change about a registered network before it is built.
struct BuildOptions {
  std::optional<std::int64_t> num_classes;               ///< 0: no head, the logits are the pooled features
  std::optional<std::array<std::int64_t, 2>> image_size; ///< {height, width} in pixels
  std::int64_t in_chans = 3;
  /// Whose numerics to follow where the origins of a name's checkpoints differ ("timm", "torchvision", "hf", "original",
  /// "jax"); empty: timm.
  std::string origin;
  double drop_path = 0.0;  ///< stochastic depth while training
  double dropout = 0.0;
};

/// A registered network of any task. Implementations are LibTorch modules too (`module()`).
class Network {
 public:
  virtual ~Network() = default;
  virtual torch::nn::Module& module() = 0;
  /// Names, in checkpoints, of the layers whose shape depends on the class count: weight and bias of each.
  virtual std::vector<std::string> head_names() const = 0;
  /// {height, width} where the network takes pictures of one size only.
  virtual std::optional<std::array<std::int64_t, 2>> fixed_size() const { return std::nullopt; }
  /// Whether it takes pictures of `size` {height, width} as 8-bit levels too, uint8 [B, H, W, 3] instead of normalised
  /// images, in inference where prepare_for_inference() was told how they are normalised.
  virtual bool takes_levels(std::array<std::int64_t, 2> /*size*/) const { return false; }
};

/// A classification network.
class Classifier : public Network {
 public:
  /// images [B, in_chans, H, W], normalised -> what the last stage gives: tokens [B, N, C] or maps [B, C, h, w].
  virtual at::Tensor forward_features(const at::Tensor& images) = 0;
  /// features -> pooled vectors [B, C], what the head sees.
  virtual at::Tensor pool(const at::Tensor& features) = 0;
  /// pooled -> logits [B, K].
  virtual at::Tensor forward_head(const at::Tensor& pooled) = 0;
  /// images -> logits [B, K].
  at::Tensor forward(const at::Tensor& images) { return forward_head(pool(forward_features(images))); }
};

/// Feature maps at several strides, for detectors.
class Backbone {
 public:
  virtual ~Backbone() = default;
  /// images [B, 3, H, W] -> one map [B, channels, H / stride, W / stride] (rounded up) for each level, finest first.
  virtual std::vector<at::Tensor> forward_maps(const at::Tensor& images) = 0;
  virtual std::vector<std::int64_t> channels() const = 0;
  virtual std::vector<std::int64_t> strides() const = 0;
  virtual std::shared_ptr<torch::nn::Module> module_ptr() = 0;
};

}  // namespace vitral
