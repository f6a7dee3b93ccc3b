#include "detr/rtdetr.h"

#include "detr/criterion.h"

namespace vitral::detr {

RtDetrImpl::RtDetrImpl(const RtDetrOptions& options_) : options(options_) {
  reset();
}

void RtDetrImpl::reset() {
  backbone = options.make_backbone()(options.backbone());
  register_module("backbone", backbone->module_ptr());
  encoder = register_module("encoder", HybridEncoder(HybridEncoderOptions()
                                                         .in_channels(backbone->channels())
                                                         .dim(options.encoder_dim())
                                                         .heads(options.heads())
                                                         .hidden(options.encoder_hidden())
                                                         .expansion(options.expansion())
                                                         .dropout(options.dropout())));
  decoder = register_module("decoder", RtDetrDecoder(options));
}

NamedTensors RtDetrImpl::forward(const PictureBatch& batch) {
  const auto memory = decoder->remember(encoder->forward(backbone->forward_maps(batch.images)));
  return named(decoder->forward(decoder->select_queries(memory), memory));
}

RtDetrImpl::TrainingPrediction RtDetrImpl::forward_all(const PictureBatch& batch) {
  const auto memory = decoder->remember(encoder->forward(backbone->forward_maps(batch.images)));
  const auto start = decoder->select_queries(memory);
  return {decoder->forward_all(start, memory), start.encoder};
}

NamedTensors RtDetrImpl::losses(const PictureBatch& batch, std::span<const ObjectTensors> objects,
                                double object_count) {
  const auto criterion = rtdetr_criterion();
  auto [predictions, encoder] = forward_all(batch);
  predictions.push_back(encoder);
  return parts_of(set_criterion(predictions, targets_of(objects), criterion, object_count), criterion);
}

std::vector<Detections> RtDetrImpl::detections(const PictureBatch& batch, const NamedTensors& raw,
                                               const DetectOptions& wanted) const {
  return sigmoid_detections({batch.images, {}}, prediction_of(raw), wanted, options.queries());
}

std::vector<AttentionLayer> RtDetrImpl::attention_layers(std::array<std::int64_t, 2> size) {
  auto layers = sampling_layers(*decoder->layers, "decoder.layers.", size, backbone->strides().front());
  if (options.eval_depth() > 0) layers.resize(static_cast<std::size_t>(options.eval_depth()));
  return layers;
}

std::vector<std::string> RtDetrImpl::head_names() const {
  std::vector<std::string> names{"decoder.enc_score_head", "decoder.denoising_class_embed"};
  for (std::int64_t i = 0; i < options.depth(); ++i) names.push_back("decoder.score_head." + std::to_string(i));
  return names;
}

}  // namespace vitral::detr
