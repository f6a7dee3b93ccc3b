/// Deformable DETR (Zhu et al. 2021, Deformable DETR: Deformable Transformers for End-to-End Object Detection): DETR
/// over maps of several resolutions, with attention to a few points of each. Also its two refinements: boxes that each
/// decoder layer corrects, and queries that the encoder proposes ("two-stage").
#pragma once

#include <torch/nn/modules/container/modulelist.h>

#include "common/nn/conv.h"
#include "common/nn/group_norm.h"
#include "common/nn/linear_stack.h"
#include "common/nn/per_size.h"
#include "common/runtime/attentive.h"
#include "detr/backbone.h"
#include "detr/deformable_attention.h"
#include "detr/set_prediction.h"
#include "detr/token_places.h"

namespace vitral::detr {

struct DeformableDetrOptions {
  TORCH_ARG(BackboneSpec, backbone);
  TORCH_ARG(BackboneFactory, make_backbone);
  TORCH_ARG(std::int64_t, num_classes) = 91;
  TORCH_ARG(std::int64_t, queries) = 300;
  TORCH_ARG(DeformableOptions, layer);   ///< of encoder and decoder; `levels` beyond the backbone's are made by strides
  TORCH_ARG(std::int64_t, groups) = 32;  ///< of the norms behind the projections
  TORCH_ARG(std::int64_t, encoder_depth) = 6;
  TORCH_ARG(std::int64_t, decoder_depth) = 6;
  TORCH_ARG(bool, refine) = false;     ///< each decoder layer corrects the boxes of the one before
  TORCH_ARG(bool, two_stage) = false;  ///< queries are the encoder's best proposals; asks for `refine`
};

/// A projection of one map: convolution with bias, GroupNorm. Children "0" and "1".
class LevelProjectionImpl : public torch::nn::Cloneable<LevelProjectionImpl> {
 public:
  LevelProjectionImpl(const nn::Conv2dOptions& options_, std::int64_t groups_) : options(options_), groups(groups_) {
    reset();
  }
  void reset() override;
  at::Tensor forward(const at::Tensor& x) { return norm->forward(conv->forward(x)); }

  nn::Conv2dOptions options;
  std::int64_t groups;
  nn::Conv2d conv = nullptr;
  nn::GroupNorm norm = nullptr;
};
TORCH_MODULE(LevelProjection);

/// Children `backbone`, `input_proj`, `encoder`, `decoder`, `class_embed`, `bbox_embed`, `constants`; parameters
/// `level_embed` [L, C] and, of one stage, `query_embed` [Q, 2C] with `reference_points`; of two, `enc_output`,
/// `enc_norm`, `pos_trans`, `pos_norm`. There is one head, or with `refine` one a decoder layer, and with `two_stage` a
/// last one for the encoder.
class DeformableDetrImpl : public torch::nn::Cloneable<DeformableDetrImpl>, public Detector, public Attentive {
 public:
  explicit DeformableDetrImpl(const DeformableDetrOptions& options_);
  void reset() override;

  /// `logits` [B, Q, num_classes] and `boxes` fp32 [B, Q, 4] of the last decoder layer.
  NamedTensors forward(const PictureBatch& batch) override;

  struct TrainingPrediction {
    std::vector<SetPrediction> layers;     ///< of the decoder, the last one is the result
    std::vector<SetPrediction> proposals;  ///< of two stages: of all S tokens
  };
  TrainingPrediction forward_all(const PictureBatch& batch);

  NamedTensors losses(const PictureBatch& batch, std::span<const ObjectTensors> objects, double object_count) override;
  std::vector<Detections> detections(const PictureBatch& batch, const NamedTensors& raw,
                                     const DetectOptions& wanted) const override;
  /// The decoder's sampling of the maps.
  std::vector<AttentionLayer> attention_layers(std::array<std::int64_t, 2> size) override;
  torch::nn::Module& module() override { return *this; }
  std::vector<std::string> head_names() const override;

  DeformableDetrOptions options;
  std::shared_ptr<Backbone> backbone;
  torch::nn::ModuleList input_proj = nullptr, encoder = nullptr, decoder = nullptr, class_embed = nullptr,
                        bbox_embed = nullptr;
  at::Tensor level_embed, query_embed;
  nn::Linear reference_points = nullptr, enc_output = nullptr, pos_trans = nullptr;
  nn::LayerNorm enc_norm = nullptr, pos_norm = nullptr;
  nn::Constants constants = nullptr;

 private:
  /// Where object queries start: positions and content [B or 1, Q, C], references fp32 [B or 1, Q, 2 or 4].
  struct Start {
    at::Tensor positions, content, references;
  };
  void register_queries();
  void initialise();
  std::vector<at::Tensor> project(const std::vector<at::Tensor>& maps);
  TokenPlaces places_of(const std::vector<at::Tensor>& maps, const at::Tensor& mask);
  at::Tensor level_positions(const Memory& memory) const;
  at::Tensor positions_of(const Memory& memory, const TokenPlaces& places);
  Memory encode(const std::vector<at::Tensor>& maps, const TokenPlaces& places);
  Start learnt_queries(at::ScalarType type);
  Start propose(const Memory& memory, const TokenPlaces& places, std::vector<SetPrediction>& proposals);
  std::vector<SetPrediction> decode(const Start& start, const Memory& memory, const TokenPlaces& places);
  nn::PerSize<TokenPlaces> places_;
};
TORCH_MODULE(DeformableDetr);

}  // namespace vitral::detr
