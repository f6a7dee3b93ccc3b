/// Residual networks (He et al. 2016) as they are trained today, with the stride in the 3x3 convolutions ("V1.5"), and
/// their "d" variant (He et al. 2019, Bag of Tricks for Image Classification): a stem of three 3x3 convolutions, and
/// average pooling before the strided shortcuts.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/pimpl.h>

#include <array>

#include "common/nn/conv_norm.h"
#include "common/nn/linear.h"
#include "common/nn/residual.h"
#include "common/runtime/model.h"

namespace vitral::cnn {

enum class BlockKind {
  basic,       ///< two 3x3 convolutions
  bottleneck,  ///< 1x1, 3x3, 1x1 to four times the width
};

struct ResNetOptions {
  using Depths = std::array<std::int64_t, 4>;
  TORCH_ARG(BlockKind, block) = BlockKind::bottleneck;
  TORCH_ARG(Depths, depths) = {3, 4, 6, 3};  ///< blocks of each stage
  TORCH_ARG(std::int64_t, width) = 64;       ///< channels of the stem and of the first stage; doubled by each next one
  TORCH_ARG(bool, deep) = false;             ///< the "d" variant
  /// For pictures of some 32 pixels: the stem is one 3x3 convolution without stride or pooling (He et al. 2016, section
  /// 4.2).
  TORCH_ARG(bool, small_pictures) = false;
  TORCH_ARG(bool, project_first) = false;  ///< the first block has a projection even where its shapes agree
  TORCH_ARG(std::int64_t, in_chans) = 3;
  TORCH_ARG(std::int64_t, num_classes) = 1000;  ///< 0: no head
  TORCH_ARG(nn::NormKind, norm) = nn::NormKind::batch;
  TORCH_ARG(double, norm_eps) = 1e-5;
  TORCH_ARG(bool, dilate_last) = false;  ///< the last stage keeps its resolution and dilates its kernels (DETR's "DC5")
  TORCH_ARG(std::vector<std::int64_t>, levels) = {4};  ///< stages, rising, 1 to 4, that forward_maps returns
  TORCH_ARG(double, drop_path) = 0.0;
  TORCH_ARG(double, dropout) = 0.0;

 public:
  std::int64_t expansion() const { return block() == BlockKind::bottleneck ? 4 : 1; }
  /// Channels that a stage gives.
  std::int64_t channels(std::int64_t stage) const { return (width() << (stage - 1)) * expansion(); }
  nn::NormOptions norm_options(bool zero = false) const { return {norm(), norm_eps(), zero}; }
};

/// The shortcut where shapes change: [average pooling,] 1x1 convolution, norm. Children "0" and "1", pooled "1" and
/// "2".
class DownsampleImpl : public torch::nn::Cloneable<DownsampleImpl> {
 public:
  DownsampleImpl(std::int64_t in_, std::int64_t out_, std::int64_t stride_, const ResNetOptions& options_);
  void reset() override;
  /// x [B, in, H, W] -> [B, out, H / stride, W / stride], rounded up.
  at::Tensor forward(const at::Tensor& x);

  std::int64_t in, out, stride;
  ResNetOptions options;
  nn::Conv2d conv = nullptr;
};
TORCH_MODULE(Downsample);

/// Where a block stands in the network.
struct BlockPlace {
  std::int64_t in;      ///< channels that it is given
  std::int64_t planes;  ///< channels of its 3x3 convolutions
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  bool project = false;  ///< even where shapes agree
  double drop_path = 0.0;
};

/// relu(branch(x) + shortcut(x)). Children `conv1`, `bn1`, `conv2`, `bn2`, `conv3`, `bn3` (bottleneck), `downsample`.
class ResidualBlockImpl : public torch::nn::Cloneable<ResidualBlockImpl> {
 public:
  ResidualBlockImpl(const ResNetOptions& options_, const BlockPlace& place_);
  void reset() override;
  /// x [B, in, H, W] -> [B, planes * expansion, H / stride, W / stride]. `x` moved in may be overwritten.
  at::Tensor forward(at::Tensor x);

  ResNetOptions options;
  BlockPlace place;
  nn::Conv2d conv1 = nullptr, conv2 = nullptr, conv3 = nullptr;
  Downsample downsample = nullptr;
  nn::DropPath drop_path = nullptr;
};
TORCH_MODULE(ResidualBlock);

/// Three 3x3 convolutions, the first with stride 2. Children "0", "1" (norm), "3", "4" (norm), "6"; the norm behind the
/// last one belongs to the network.
class DeepStemImpl : public torch::nn::Cloneable<DeepStemImpl> {
 public:
  explicit DeepStemImpl(const ResNetOptions& options_);
  void reset() override;
  /// images [B, in_chans, H, W] -> [B, width, H / 2, W / 2], after the last ReLU.
  at::Tensor forward(const at::Tensor& images);

  ResNetOptions options;
  nn::Conv2d first = nullptr, second = nullptr, last = nullptr;
};
TORCH_MODULE(DeepStem);

/// Keys are timm's, and torchvision's for the plain variant: `conv1`, `bn1`, `layer{1..4}.{i}`, `fc`.
class ResNetImpl : public torch::nn::Cloneable<ResNetImpl>, public Classifier, public Backbone {
 public:
  /// Throws Error(failed) for levels that do not rise within 1 to 4, and for a dilated form of other than the plain
  /// bottleneck networks, of which none is published.
  explicit ResNetImpl(const ResNetOptions& options_);
  void reset() override;
  std::shared_ptr<torch::nn::Module> clone(const std::optional<torch::Device>& device = std::nullopt) const override;

  /// images [B, in_chans, H, W] -> the last stage's maps [B, C, H / 32, W / 32].
  at::Tensor forward_features(const at::Tensor& images) override;
  at::Tensor pool(const at::Tensor& features) override;
  at::Tensor forward_head(const at::Tensor& pooled) override;
  using Classifier::forward;
  torch::nn::Module& module() override { return *this; }
  std::vector<std::string> head_names() const override { return {"fc"}; }

  std::vector<at::Tensor> forward_maps(const at::Tensor& images) override;
  std::vector<std::int64_t> channels() const override;
  std::vector<std::int64_t> strides() const override;
  std::shared_ptr<torch::nn::Module> module_ptr() override { return shared_from_this(); }

  ResNetOptions options;
  nn::Conv2d conv1 = nullptr;
  DeepStem deep_stem = nullptr;
  std::shared_ptr<nn::ChannelNorm> bn1;
  std::array<torch::nn::ModuleList, 4> stages{nullptr, nullptr, nullptr, nullptr};
  nn::Linear fc = nullptr;

 private:
  void check() const;
  void join_stem();
  torch::nn::ModuleList make_stage(std::int64_t stage) const;
  at::Tensor forward_stem(const at::Tensor& images);
  at::Tensor forward_stage(std::int64_t stage, at::Tensor x);
};
TORCH_MODULE(ResNet);

}  // namespace vitral::cnn
