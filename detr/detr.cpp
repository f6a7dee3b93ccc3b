#include "detr/detr.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/zeros.h>

#include "common/nn/init.h"
#include "common/nn/masks.h"
#include "common/nn/positions.h"
#include "detr/criterion.h"

namespace vitral::detr {
namespace {

/// [B, C, h, w] -> tokens [B, h * w, C], row by row.
at::Tensor tokens_of(const at::Tensor& map) {
  return map.flatten(2).transpose(1, 2);
}

}  // namespace

DetrImpl::DetrImpl(const DetrOptions& options_) : options(options_) {
  reset();
  initialise();
}

void DetrImpl::reset() {
  const auto layer = nn::TransformerLayerOptions(options.dim(), options.heads(), options.hidden())
                         .activation(nn::Activation::relu)
                         .dropout(options.dropout());
  backbone = options.make_backbone()(options.backbone());
  register_module("backbone", backbone->module_ptr());
  const auto projection = nn::Conv2dOptions(backbone->channels().back(), options.dim(), 1).bias(true);
  input_proj = register_module("input_proj", nn::Conv2d(projection));
  encoder = register_module("encoder", nn::TransformerEncoder(layer, options.encoder_depth(), /*final_norm=*/false));
  decoder = register_module("decoder", nn::TransformerDecoder(layer, options.decoder_depth()));
  query_embed = register_parameter("query_embed", at::empty({options.queries(), options.dim()}));
  class_embed = register_module("class_embed", nn::Linear(options.dim(), options.num_classes() + 1));
  bbox_embed = register_module("bbox_embed", nn::LinearStack(options.dim(), options.dim(), 4, 3));
  constants = register_module("constants", nn::Constants());
}

void DetrImpl::initialise() {
  if (nn::SkipInit::active()) return;
  const at::NoGradGuard no_grad;
  query_embed.normal_();
  for (auto* part : {static_cast<torch::nn::Module*>(encoder.get()), static_cast<torch::nn::Module*>(decoder.get())}) {
    for (const auto& parameter : part->parameters()) {
      if (parameter.dim() > 1) nn::xavier_uniform_(parameter);
    }
  }
}

DetrImpl::Place DetrImpl::place_of(const at::Tensor& map, const at::Tensor& mask) {
  const std::int64_t h = map.size(2), w = map.size(3);
  const auto positions = [&](const at::Tensor& padding) {
    return tokens_of(nn::sine_positions_2d(padding, options.dim())).to(map.scalar_type()).contiguous();
  };
  if (mask.defined()) {
    const auto padding = nn::shrink_padding(mask, {h, w});
    return {positions(padding), nn::padding_bias(padding.flatten(1))};
  }
  const auto no_padding = [&] { return positions(at::zeros({1, h, w}, map.options().dtype(at::kBool))); };
  return {positions_.get({h, w}, map, no_padding), {}};
}

nn::DecoderInputs DetrImpl::encode(const PictureBatch& batch) {
  const auto map = input_proj->forward(backbone->forward_maps(batch.images).back());  // [B, C, h, w]
  const auto place = place_of(map, batch.mask);
  nn::DecoderInputs inputs;
  inputs.memory = encoder->forward(tokens_of(map), place.positions, place.bias);  // [B, h * w, C]
  inputs.memory_positions = place.positions;
  inputs.memory_bias = place.bias;
  inputs.query_positions = query_embed.to(map.scalar_type()).unsqueeze(0);  // [1, Q, C]
  inputs.learnt = &constants;
  return inputs;
}

at::Tensor DetrImpl::empty_queries(const at::Tensor& memory) const {
  return at::zeros({memory.size(0), options.queries(), options.dim()}, memory.options());
}

SetPrediction DetrImpl::predict(const at::Tensor& queries) {
  // The sigmoid runs in fp32: near 1, a half precision box would move by several pixels.
  return {class_embed->forward(queries), at::sigmoid(bbox_embed->forward(queries).to(at::kFloat))};
}

NamedTensors DetrImpl::forward(const PictureBatch& batch) {
  const auto inputs = encode(batch);
  return named(predict(decoder->forward(empty_queries(inputs.memory), inputs)));
}

std::vector<SetPrediction> DetrImpl::forward_all(const PictureBatch& batch) {
  const auto inputs = encode(batch);
  std::vector<SetPrediction> predictions;
  for (const auto& queries : decoder->forward_all(empty_queries(inputs.memory), inputs)) {
    predictions.push_back(predict(queries));
  }
  return predictions;
}

NamedTensors DetrImpl::losses(const PictureBatch& batch, std::span<const ObjectTensors> objects, double object_count) {
  const auto criterion = detr_criterion();
  return parts_of(set_criterion(forward_all(batch), targets_of(objects), criterion, object_count), criterion);
}

std::vector<AttentionLayer> DetrImpl::attention_layers(std::array<std::int64_t, 2> size) {
  const std::int64_t stride = backbone->strides().back();
  const std::array grid{(size[0] + stride - 1) / stride, (size[1] + stride - 1) / stride};
  std::vector<AttentionLayer> layers;
  for (std::size_t i = 0; i < encoder->layers->size(); ++i) {
    layers.push_back({"encoder.layers." + std::to_string(i) + ".self_attn", AttentionKind::tokens,
                      encoder->layers[i]->as<nn::TransformerEncoderLayer>()->self_attn.get(), grid});
  }
  for (std::size_t i = 0; i < decoder->layers->size(); ++i) {
    layers.push_back({"decoder.layers." + std::to_string(i) + ".cross_attn", AttentionKind::queries,
                      decoder->layers[i]->as<nn::TransformerDecoderLayer>()->cross_attn.get(), grid});
  }
  return layers;
}

std::vector<Detections> DetrImpl::detections(const PictureBatch& batch, const NamedTensors& raw,
                                             const DetectOptions& wanted) const {
  return softmax_detections(batch, prediction_of(raw), wanted);
}

}  // namespace vitral::detr
