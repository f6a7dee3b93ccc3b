/// EfficientNet-Lite 0 to 4: EfficientNet (Tan and Le 2019) without squeeze-and-excitation and with ReLU6, stem and
/// head not scaled (tensorflow/tpu, models/official/efficientnet/lite).
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/pimpl.h>

#include "common/nn/conv_norm.h"
#include "common/nn/linear.h"
#include "common/nn/residual.h"
#include "common/runtime/model.h"

namespace vitral::cnn {

struct EfficientNetLiteOptions {
  TORCH_ARG(double, width) = 1.0;  ///< factor of the blocks' channels
  TORCH_ARG(double, depth) = 1.0;  ///< factor of the stages' blocks, but of the first and the last stage
  TORCH_ARG(std::int64_t, stem) = 32;
  TORCH_ARG(std::int64_t, head) = 1280;
  /// The numerics of the TensorFlow models and of what was converted from them: "SAME" padding and a norm eps of 1e-3;
  /// otherwise symmetric padding and 1e-5. The weights of one are wrong by far under the other.
  TORCH_ARG(bool, tensorflow) = false;
  TORCH_ARG(std::int64_t, in_chans) = 3;
  TORCH_ARG(std::int64_t, num_classes) = 1000;  ///< 0: no head
  TORCH_ARG(double, drop_path) = 0.0;
  TORCH_ARG(double, dropout) = 0.0;

 public:
  nn::NormOptions norm_options() const { return {nn::NormKind::batch, tensorflow() ? 1e-3 : 1e-5, false}; }
};

/// One block's numbers.
struct InvertedResidualOptions {
  std::int64_t in, out, kernel, stride, expansion;
  double drop_path = 0.0;
};

/// Expand (1x1), filter each channel (k x k), project (1x1); the input is added where shapes allow (MobileNetV2,
/// Sandler et al. 2018). Children `conv_pw`, `bn1`, `conv_dw`, `bn2`, `conv_pwl`, `bn3`; without expansion `conv_dw`,
/// `bn1`, `conv_pw`, `bn2`.
class InvertedResidualImpl : public torch::nn::Cloneable<InvertedResidualImpl> {
 public:
  InvertedResidualImpl(const EfficientNetLiteOptions& options_, const InvertedResidualOptions& block_);
  void reset() override;
  /// x [B, in, H, W] -> [B, out, H / stride, W / stride], rounded up. `x` moved in may be overwritten.
  at::Tensor forward(at::Tensor x);

  EfficientNetLiteOptions options;
  InvertedResidualOptions block;
  nn::Conv2d expand = nullptr, depthwise = nullptr, project = nullptr;
  nn::DropPath drop_path = nullptr;
};
TORCH_MODULE(InvertedResidual);

/// Keys are timm's: `conv_stem`, `bn1`, `blocks.{stage}.{i}`, `conv_head`, `bn2`, `classifier`.
class EfficientNetLiteImpl : public torch::nn::Cloneable<EfficientNetLiteImpl>, public Classifier {
 public:
  explicit EfficientNetLiteImpl(const EfficientNetLiteOptions& options_);
  void reset() override;

  /// images [B, in_chans, H, W] -> [B, head, H / 32, W / 32], rounded up.
  at::Tensor forward_features(const at::Tensor& images) override;
  at::Tensor pool(const at::Tensor& features) override;
  at::Tensor forward_head(const at::Tensor& pooled) override;
  using Classifier::forward;
  torch::nn::Module& module() override { return *this; }
  std::vector<std::string> head_names() const override { return {"classifier"}; }

  EfficientNetLiteOptions options;
  nn::Conv2d conv_stem = nullptr, conv_head = nullptr;
  torch::nn::ModuleList blocks = nullptr;  ///< of stages, each a list of blocks
  nn::Linear classifier = nullptr;
};
TORCH_MODULE(EfficientNetLite);

}  // namespace vitral::cnn
