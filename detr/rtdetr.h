/// RT-DETR (Zhao et al. 2024, DETRs Beat YOLOs on Real-time Object Detection) and RT-DETR v2 (Lv et al. 2024, Improved
/// Baseline with Bag-of-Freebies for Real-Time Detection Transformer): a ResNet, a hybrid encoder, and a deformable
/// decoder whose queries are the encoder's tokens with the best class scores.
#pragma once

#include <torch/nn/modules/embedding.h>

#include "common/nn/linear_stack.h"
#include "detr/backbone.h"
#include "detr/deformable_attention.h"
#include "detr/hybrid_encoder.h"
#include "detr/set_prediction.h"
#include "detr/token_places.h"

namespace vitral::detr {

struct RtDetrOptions {
  TORCH_ARG(BackboneSpec, backbone);
  TORCH_ARG(BackboneFactory, make_backbone);
  TORCH_ARG(std::int64_t, num_classes) = 80;
  TORCH_ARG(std::int64_t, queries) = 300;
  TORCH_ARG(std::int64_t, encoder_dim) = 256;
  TORCH_ARG(std::int64_t, encoder_hidden) = 1024;
  TORCH_ARG(double, expansion) = 1.0;
  TORCH_ARG(std::int64_t, dim) = 256;  ///< of the decoder
  TORCH_ARG(std::int64_t, heads) = 8;
  TORCH_ARG(std::int64_t, hidden) = 1024;
  TORCH_ARG(std::int64_t, depth) = 6;
  TORCH_ARG(std::int64_t, eval_depth) = 0;  ///< decoder layers that count in inference; 0: all
  TORCH_ARG(std::int64_t, points) = 4;
  TORCH_ARG(nn::Sampling, sampling) = nn::Sampling::bilinear;
  TORCH_ARG(double, dropout) = 0.0;
};

/// Where object queries start.
struct QueryStart {
  at::Tensor content;     ///< [B, Q, C], without gradient
  at::Tensor references;  ///< fp32 [B, Q, 4], boxes, without gradient
  SetPrediction encoder;  ///< what the encoder's tokens themselves predict (for auxiliary losses)
};

/// Children `input_proj`, `enc_output`, `enc_norm`, `enc_score_head`, `enc_bbox_head`, `query_pos_head`, `layers`,
/// `score_head`, `bbox_head`, `denoising_class_embed` (a vector a class, which only training looks at).
class RtDetrDecoderImpl : public torch::nn::Cloneable<RtDetrDecoderImpl> {
 public:
  explicit RtDetrDecoderImpl(const RtDetrOptions& options_);
  void reset() override;

  /// A box around every token of maps of these sizes, on the device of `memory.tokens`; B is 1.
  Proposals anchors_of(const Memory& memory);

  /// The encoder's maps as tokens.
  Memory remember(const std::vector<at::Tensor>& maps);
  QueryStart select_queries(const Memory& memory);
  /// What the last layer that counts in inference predicts.
  SetPrediction forward(const QueryStart& start, const Memory& memory);
  /// What each layer predicts, with the gradients that training wants.
  std::vector<SetPrediction> forward_all(const QueryStart& start, const Memory& memory);

  RtDetrOptions options;
  torch::nn::ModuleList input_proj = nullptr, layers = nullptr, score_head = nullptr, bbox_head = nullptr;
  nn::Linear enc_output = nullptr, enc_score_head = nullptr;
  nn::LayerNorm enc_norm = nullptr;
  nn::LinearStack enc_bbox_head = nullptr, query_pos_head = nullptr;
  torch::nn::Embedding denoising_class_embed = nullptr;

 private:
  void initialise();
  at::Tensor run_layer(std::size_t i, const at::Tensor& x, const at::Tensor& references, const Memory& memory);
  nn::PerSize<Proposals> anchors_;
};
TORCH_MODULE(RtDetrDecoder);

/// Children `backbone`, `encoder`, `decoder`.
class RtDetrImpl : public torch::nn::Cloneable<RtDetrImpl>, public Detector, public Attentive {
 public:
  explicit RtDetrImpl(const RtDetrOptions& options_);
  void reset() override;

  struct TrainingPrediction {
    std::vector<SetPrediction> layers;  ///< of the decoder, the last one is the result
    SetPrediction encoder;
  };

  /// `logits` [B, Q, num_classes] and `boxes` fp32 [B, Q, 4]. The network knows no padding: a mask is not looked at,
  /// and boxes are parts of the whole input.
  NamedTensors forward(const PictureBatch& batch) override;
  TrainingPrediction forward_all(const PictureBatch& batch);
  NamedTensors losses(const PictureBatch& batch, std::span<const ObjectTensors> objects, double object_count) override;
  std::vector<Detections> detections(const PictureBatch& batch, const NamedTensors& raw,
                                     const DetectOptions& wanted) const override;
  /// The decoder's sampling of the maps, without layers that count in training only.
  std::vector<AttentionLayer> attention_layers(std::array<std::int64_t, 2> size) override;
  torch::nn::Module& module() override { return *this; }
  std::vector<std::string> head_names() const override;

  RtDetrOptions options;
  std::shared_ptr<Backbone> backbone;
  HybridEncoder encoder = nullptr;
  RtDetrDecoder decoder = nullptr;
};
TORCH_MODULE(RtDetr);

}  // namespace vitral::detr
