/// Window attention of both versions of Swin.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include "common/nn/linear.h"
#include "common/nn/recording.h"
#include "common/nn/two_faces.h"
#include "swin/map_cache.h"
#include "swin/window.h"

namespace vitral::swin {

enum class Version { v1, v2 };

struct WindowAttentionOptions {
  WindowAttentionOptions(std::int64_t dim, std::int64_t heads, Size window) : dim(dim), heads(heads), window(window) {}
  std::int64_t dim, heads;
  Size window;
  TORCH_ARG(Version, version) = Version::v1;
  TORCH_ARG(Size, pretrained_window) = {
      0, 0};  ///< of v2: the window that the weights were trained with first, 0: this one
  TORCH_ARG(double, dropout) = 0.0;
};

/// The network that makes v2's position bias from offsets (Liu et al. 2022, section 3.4). Children `0` [512, 2] with a
/// bias and, after a ReLU, `2` [heads, 512].
class PositionMlpImpl : public torch::nn::Cloneable<PositionMlpImpl> {
 public:
  explicit PositionMlpImpl(std::int64_t heads) : heads(heads) { reset(); }
  void reset() override;
  /// offsets [n, 2] -> [n, heads], in fp32 whatever the network was prepared for.
  at::Tensor forward(const at::Tensor& offsets);

  std::int64_t heads;
  nn::Linear first = nullptr, second = nullptr;
};
TORCH_MODULE(PositionMlp);

/// Multi-head attention inside windows with a relative position bias. Children `qkv` and `proj`.
/// v1: parameter `relative_position_bias_table` [(2h - 1)(2w - 1), heads]; scores q k^T / sqrt(D).
/// v2: parameters `logit_scale` [heads, 1, 1], `q_bias` and `v_bias` [C], child `cpb_mlp`; scores are cosines times
/// exp(logit_scale), at most 100, plus 16 sigmoid(cpb_mlp(offsets)).
class WindowAttentionImpl : public torch::nn::Cloneable<WindowAttentionImpl>, public nn::TwoFaced, public nn::Recording {
 public:
  explicit WindowAttentionImpl(const WindowAttentionOptions& options_);
  void reset() override;
  void train(bool on = true) override;

  /// x [B, H * W, C], a map of `map` tokens that `layout` was made for -> the same shape, plus `residual` where given.
  at::Tensor forward(const at::Tensor& x, const Size& map, const WindowLayout& layout, const at::Tensor& residual = {});

  /// [heads, N, N] fp32.
  at::Tensor position_bias();
  bool is_v2() const { return options.version() == Version::v2; }

  WindowAttentionOptions options;
  nn::Linear qkv = nullptr, proj = nullptr;
  at::Tensor relative_position_bias_table, logit_scale, q_bias, v_bias;
  PositionMlp cpb_mlp = nullptr;

 private:
  /// What the scores of one map are changed by.
  struct ScoreTerms {
    at::Tensor bias;        ///< [kinds, heads, N, N]
    at::Tensor head_scale;  ///< [heads], v2 only
  };
  void drop_packed() override {
    terms_.clear();
    if (is_v2() && !qkv.is_empty()) qkv->bias.reset();  // put together anew from q_bias and v_bias
  }
  ScoreTerms score_terms(const WindowLayout& layout);
  at::Tensor project(const at::Tensor& x);

  MapCache<ScoreTerms> terms_;
};
TORCH_MODULE(WindowAttention);

}  // namespace vitral::swin
