/// YOLOX (Ge et al. 2021, YOLOX: Exceeding YOLO Series in 2021): CSPDarknet, PAFPN, decoupled and anchor-free heads.
/// The keys are those of Megvii's repository: `backbone.backbone`, `backbone`, `head`.
#pragma once

#include <array>

#include "cnn/final_detections.h"
#include "cnn/yolox_blocks.h"
#include "common/nn/size_cache.h"

namespace vitral::cnn {

struct YoloxOptions {
  TORCH_ARG(double, depth) = 1.0;      ///< factor of the layers' blocks
  TORCH_ARG(double, width) = 1.0;      ///< factor of the channels
  TORCH_ARG(bool, depthwise) = false;  ///< separable 3x3 convolutions (nano)
  TORCH_ARG(std::int64_t, num_classes) = 80;

 public:
  /// Channels that a network of width 1 has `base` of.
  std::int64_t channels(std::int64_t base) const {
    return static_cast<std::int64_t>(static_cast<double>(base) * width());
  }
  /// Blocks of a layer that has 3 * `times` at depth 1.
  std::int64_t blocks(std::int64_t times = 1) const;
};

/// Maps at strides 8, 16 and 32, finest first.
using YoloxMaps = std::array<at::Tensor, 3>;

struct CspStageOptions {
  CspLayerOptions csp;
  std::int64_t in;
  bool pyramid = false;  ///< spatial pyramid pooling between convolution and layer
};

/// A 3x3 convolution of stride 2, then a CSP layer. Children "0", "1" and, with pooling between them, "2".
class CspStageImpl : public torch::nn::Cloneable<CspStageImpl> {
 public:
  explicit CspStageImpl(const CspStageOptions& options_) : options(options_) { reset(); }
  void reset() override;
  /// x [B, in, H, W] -> [B, csp.out, H / 2, W / 2].
  at::Tensor forward(const at::Tensor& x);

  CspStageOptions options;
  std::shared_ptr<MapLayer> strided;
  SpatialPyramid pyramid = nullptr;
  CspLayer csp = nullptr;
};
TORCH_MODULE(CspStage);

/// CSPDarknet. Children `stem`, `dark2` to `dark5`.
class CspDarknetImpl : public torch::nn::Cloneable<CspDarknetImpl> {
 public:
  explicit CspDarknetImpl(const YoloxOptions& options_) : options(options_) { reset(); }
  void reset() override;
  /// images [B, 3, H, W] -> maps of 256, 512 and 1024 channels (times width).
  YoloxMaps forward(const at::Tensor& images);

  YoloxOptions options;
  Focus stem = nullptr;
  CspStage dark2 = nullptr, dark3 = nullptr, dark4 = nullptr, dark5 = nullptr;
};
TORCH_MODULE(CspDarknet);

/// Path aggregation (Liu et al. 2018): from coarse to fine and back. Children `backbone`, `lateral_conv0`, `C3_p4`,
/// `reduce_conv1`, `C3_p3`, `bu_conv2`, `C3_n3`, `bu_conv1`, `C3_n4`.
class YoloxPyramidImpl : public torch::nn::Cloneable<YoloxPyramidImpl> {
 public:
  explicit YoloxPyramidImpl(const YoloxOptions& options_) : options(options_) { reset(); }
  void reset() override;
  /// images [B, 3, H, W] -> maps of 256, 512 and 1024 channels (times width).
  YoloxMaps forward(const at::Tensor& images);

  YoloxOptions options;
  CspDarknet backbone = nullptr;
  ConvUnit lateral_conv0 = nullptr, reduce_conv1 = nullptr;
  CspLayer p4 = nullptr, p3 = nullptr, n3 = nullptr, n4 = nullptr;
  std::shared_ptr<MapLayer> bu_conv2, bu_conv1;
};
TORCH_MODULE(YoloxPyramid);

/// Two 3x3 convolutions. Children "0", "1".
class YoloxTowerImpl : public torch::nn::Cloneable<YoloxTowerImpl> {
 public:
  explicit YoloxTowerImpl(const YoloxOptions& options_) : options(options_) { reset(); }
  void reset() override;
  at::Tensor forward(const at::Tensor& x) { return second->forward(first->forward(x)); }

  YoloxOptions options;
  std::shared_ptr<MapLayer> first, second;
};
TORCH_MODULE(YoloxTower);

/// Classes and boxes from separate towers. Children `stems`, `cls_convs`, `reg_convs`, `cls_preds`, `reg_preds`,
/// `obj_preds`, each with a part for every level.
class YoloxHeadImpl : public torch::nn::Cloneable<YoloxHeadImpl> {
 public:
  explicit YoloxHeadImpl(const YoloxOptions& options_) : options(options_) { reset(); }
  void reset() override;
  /// -> fp32 [B, 4 + 1 + K, h, w] each: box, objectness, classes, as they leave the convolutions.
  YoloxMaps forward(const YoloxMaps& maps);

  YoloxOptions options;
  torch::nn::ModuleList stems = nullptr, cls_convs = nullptr, reg_convs = nullptr;
  torch::nn::ModuleList cls_preds = nullptr, reg_preds = nullptr, obj_preds = nullptr;

 private:
  void add_level(std::int64_t in);
};
TORCH_MODULE(YoloxHead);

/// [B, 5 + K, h, w] each -> [B, A, 5 + K]: levels one after another, row by row.
at::Tensor flatten(const YoloxMaps& raw);

/// Where the anchors (one a cell) of all levels lie.
struct YoloxGrid {
  at::Tensor cells;    ///< fp32 [A, 2], x and y in cells of their level
  at::Tensor strides;  ///< fp32 [A, 1], pixels a cell
};

class YoloxImpl : public torch::nn::Cloneable<YoloxImpl>, public FinalDetector {
 public:
  explicit YoloxImpl(const YoloxOptions& options_) : options(options_) { reset(); }
  void reset() override;

  /// images [B, 3, H, W], BGR, 0 to 255, sides multiples of 32 -> what the head gives: [B, 5 + K, H / s, W / s] each.
  /// Throws Error(input) for other sides.
  YoloxMaps forward_head(const at::Tensor& images);
  /// -> fp32 [B, A, 5 + K], levels one after another, row by row: centre x, centre y, width, height in pixels, and
  /// objectness and classes as probabilities. What Megvii's model gives in evaluation.
  at::Tensor decode(const YoloxMaps& raw);
  /// Boxes as they leave the convolutions [B, A, 4] -> centre and size in pixels.
  static at::Tensor place(const at::Tensor& boxes, const YoloxGrid& grid);
  /// The grid of maps of these sizes.
  std::shared_ptr<const YoloxGrid> grid(const YoloxMaps& maps);

  /// Those of yolox_losses(), without L1.
  NamedTensors losses(const PictureBatch& batch, std::span<const ObjectTensors> objects, double object_count) override;
  /// What decode() gives.
  NamedTensors compute(const PictureBatch& batch) override;
  torch::nn::Module& module() override { return *this; }
  std::vector<std::string> head_names() const override {
    return {"head.cls_preds.0", "head.cls_preds.1", "head.cls_preds.2"};
  }

  YoloxOptions options;
  YoloxPyramid backbone = nullptr;
  YoloxHead head = nullptr;

 private:
  struct GridKey {
    std::vector<std::int64_t> sizes;
    at::Device device;
    bool operator==(const GridKey&) const = default;
  };
  /// Megvii's test_conf and nmsthre.
  Thresholds thresholds() const override { return {0.01, 0.65}; }
  std::vector<Detections> find(const PictureBatch& batch, const NamedTensors& computed,
                               const Thresholds& thresholds) override;
  nn::SizeCache<GridKey, YoloxGrid> grids_;
};
TORCH_MODULE(Yolox);

}  // namespace vitral::cnn
