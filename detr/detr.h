/// DETR (Carion et al. 2020, End-to-End Object Detection with Transformers): a residual network, a Transformer encoder
/// over its last map, and a decoder that turns learnt object queries into classes and boxes, all at once.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include "common/nn/conv.h"
#include "common/nn/linear_stack.h"
#include "common/nn/per_size.h"
#include "common/nn/transformer.h"
#include "common/runtime/attentive.h"
#include "detr/backbone.h"
#include "detr/set_prediction.h"

namespace vitral::detr {

struct DetrOptions {
  TORCH_ARG(BackboneSpec, backbone);
  TORCH_ARG(BackboneFactory, make_backbone);
  TORCH_ARG(std::int64_t, num_classes) = 91;  ///< without "no object", whose logit comes last
  TORCH_ARG(std::int64_t, queries) = 100;
  TORCH_ARG(std::int64_t, dim) = 256;
  TORCH_ARG(std::int64_t, heads) = 8;
  TORCH_ARG(std::int64_t, hidden) = 2048;  ///< of the feed-forward layers
  TORCH_ARG(std::int64_t, encoder_depth) = 6;
  TORCH_ARG(std::int64_t, decoder_depth) = 6;
  TORCH_ARG(double, dropout) = 0.0;
};

/// Children `backbone`, `input_proj`, `encoder`, `decoder`, `class_embed`, `bbox_embed`, `constants`; parameter
/// `query_embed` [Q, C].
class DetrImpl : public torch::nn::Cloneable<DetrImpl>, public Detector, public Attentive {
 public:
  explicit DetrImpl(const DetrOptions& options_);
  void reset() override;

  /// `logits` [B, Q, num_classes + 1] and `boxes` fp32 [B, Q, 4] of the last decoder layer.
  NamedTensors forward(const PictureBatch& batch) override;
  /// What each decoder layer predicts (for auxiliary losses); the last one is the network's result.
  std::vector<SetPrediction> forward_all(const PictureBatch& batch);

  NamedTensors losses(const PictureBatch& batch, std::span<const ObjectTensors> objects, double object_count) override;
  std::vector<Detections> detections(const PictureBatch& batch, const NamedTensors& raw,
                                     const DetectOptions& wanted) const override;
  /// The encoder's self-attention, then the decoder's attention to the map.
  std::vector<AttentionLayer> attention_layers(std::array<std::int64_t, 2> size) override;
  torch::nn::Module& module() override { return *this; }
  std::vector<std::string> head_names() const override { return {"class_embed"}; }

  DetrOptions options;
  std::shared_ptr<Backbone> backbone;
  nn::Conv2d input_proj = nullptr;
  nn::TransformerEncoder encoder = nullptr;
  nn::TransformerDecoder decoder = nullptr;
  at::Tensor query_embed;
  nn::Linear class_embed = nullptr;
  nn::LinearStack bbox_embed = nullptr;
  nn::Constants constants = nullptr;

 private:
  void initialise();
  /// Where the tokens of a map stand, and which of them are padding.
  struct Place {
    at::Tensor positions;  ///< [B or 1, h * w, C]
    at::Tensor bias;       ///< [B, 1, 1, h * w], or nothing
  };
  Place place_of(const at::Tensor& map, const at::Tensor& mask);
  nn::DecoderInputs encode(const PictureBatch& batch);
  at::Tensor empty_queries(const at::Tensor& memory) const;
  SetPrediction predict(const at::Tensor& queries);

  nn::PerSize<at::Tensor> positions_;
};
TORCH_MODULE(Detr);

}  // namespace vitral::detr
