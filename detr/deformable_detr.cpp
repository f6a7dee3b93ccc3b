#include "detr/deformable_detr.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>
#include <numbers>

#include "common/nn/init.h"
#include "common/nn/masks.h"
#include "common/nn/positions.h"
#include "detr/checkpointed_layer.h"
#include "detr/criterion.h"

namespace vitral::detr {
namespace {

constexpr std::int64_t kDetections = 100;  // that the authors keep of a picture
constexpr double kPrior = 0.01;            // score that every class starts with

// What `constants` keeps, beside the parts of the first decoder layer that DeformableDecoderLayer numbers from 0.
constexpr std::int64_t kPositions = 100, kReferences = 101;

/// The padding of each map; without a mask there is none, for one picture that stands for all.
std::vector<at::Tensor> padding_of(const std::vector<at::Tensor>& maps, const at::Tensor& mask) {
  std::vector<at::Tensor> result;
  for (const auto& map : maps) {
    const std::int64_t h = map.size(2), w = map.size(3);
    result.push_back(mask.defined() ? nn::shrink_padding(mask, {h, w})
                                    : at::zeros({1, h, w}, map.options().dtype(at::kBool)));
  }
  return result;
}

/// A head's step from a reference, as a box. step [B, Q, 4], references [B, Q, 2 or 4].
at::Tensor box_of(const at::Tensor& step, const at::Tensor& references) {
  const auto start = inverse_sigmoid(references);
  if (references.size(-1) == 4) return at::sigmoid(step + start);
  return at::sigmoid(at::cat({step.slice(-1, 0, 2) + start, step.slice(-1, 2, 4)}, -1));
}

}  // namespace

void LevelProjectionImpl::reset() {
  conv = register_module("0", nn::Conv2d(options));
  norm = register_module("1", nn::GroupNorm(groups, options.out_channels));
}

DeformableDetrImpl::DeformableDetrImpl(const DeformableDetrOptions& options_) : options(options_) {
  reset();
  initialise();
}

void DeformableDetrImpl::reset() {
  const auto& layer = options.layer();
  const std::int64_t dim = layer.dim();
  backbone = options.make_backbone()(options.backbone());
  register_module("backbone", backbone->module_ptr());
  input_proj = register_module("input_proj", torch::nn::ModuleList());
  auto channels = backbone->channels();
  for (const std::int64_t each : channels) {
    input_proj->push_back(LevelProjection(nn::Conv2dOptions(each, dim, 1).bias(true), options.groups()));
  }
  for (auto level = static_cast<std::int64_t>(channels.size()); level < layer.levels(); ++level) {
    const auto halving = nn::Conv2dOptions(channels.back(), dim, 3).stride(2).padding(1).bias(true);
    input_proj->push_back(LevelProjection(halving, options.groups()));
    channels.push_back(dim);
  }
  level_embed = register_parameter("level_embed", at::empty({layer.levels(), dim}));
  encoder = register_module("encoder", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < options.encoder_depth(); ++i) encoder->push_back(DeformableEncoderLayer(layer));
  decoder = register_module("decoder", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < options.decoder_depth(); ++i) decoder->push_back(DeformableDecoderLayer(layer));
  const std::int64_t heads = options.refine() ? options.decoder_depth() + (options.two_stage() ? 1 : 0) : 1;
  class_embed = register_module("class_embed", torch::nn::ModuleList());
  bbox_embed = register_module("bbox_embed", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < heads; ++i) {
    class_embed->push_back(nn::Linear(dim, options.num_classes()));
    bbox_embed->push_back(nn::LinearStack(dim, dim, 4, 3));
  }
  constants = register_module("constants", nn::Constants());
  register_queries();
}

void DeformableDetrImpl::register_queries() {
  const std::int64_t dim = options.layer().dim();
  if (options.two_stage()) {
    enc_output = register_module("enc_output", nn::Linear(dim, dim));
    enc_norm = register_module("enc_norm", nn::LayerNorm(dim));
    pos_trans = register_module("pos_trans", nn::Linear(2 * dim, 2 * dim));
    pos_norm = register_module("pos_norm", nn::LayerNorm(2 * dim));
  } else {
    query_embed = register_parameter("query_embed", at::empty({options.queries(), 2 * dim}));
    reference_points = register_module("reference_points", nn::Linear(dim, 2));
  }
}

void DeformableDetrImpl::initialise() {
  if (nn::SkipInit::active()) return;
  const at::NoGradGuard no_grad;
  level_embed.normal_();
  if (query_embed.defined()) query_embed.normal_();
  for (const auto& each : *class_embed) each->as<nn::Linear>()->bias.fill_(-std::log((1 - kPrior) / kPrior));
  for (const auto& each : *bbox_embed) each->as<nn::LinearStack>()->layers[2]->as<nn::Linear>()->weight.zero_();
}

std::vector<at::Tensor> DeformableDetrImpl::project(const std::vector<at::Tensor>& maps) {
  std::vector<at::Tensor> result;
  for (std::size_t i = 0; i < input_proj->size(); ++i) {
    // Levels beyond the backbone's come from its last map, and then from one another.
    const auto& from = i < maps.size() ? maps[i] : i == maps.size() ? maps.back() : result.back();
    result.push_back(input_proj[i]->as<LevelProjection>()->forward(from));
  }
  return result;
}

TokenPlaces DeformableDetrImpl::places_of(const std::vector<at::Tensor>& maps, const at::Tensor& mask) {
  const auto make = [&] { return token_places(padding_of(maps, mask), options.layer().dim(), mask.defined()); };
  if (mask.defined()) return make();
  std::vector<std::int64_t> sizes;
  for (const auto& map : maps) sizes.insert(sizes.end(), {map.size(2), map.size(3)});
  return places_.get(sizes, maps.front(), make);
}

/// [1, S, C]: which level each token is of.
at::Tensor DeformableDetrImpl::level_positions(const Memory& memory) const {
  std::vector<at::Tensor> parts;
  for (std::size_t level = 0; level < memory.levels.size(); ++level) {
    const auto [height, width] = memory.levels[level];
    parts.push_back(level_embed[static_cast<std::int64_t>(level)].expand({1, height * width, -1}));
  }
  return at::cat(parts, 1);
}

/// [B or 1, S, C]: where each token stands, and on which level; without padding it follows from the sizes.
at::Tensor DeformableDetrImpl::positions_of(const Memory& memory, const TokenPlaces& places) {
  const auto make = [&] { return (places.positions + level_positions(memory)).to(memory.tokens.scalar_type()); };
  if (memory.padding.defined()) return make();
  std::vector<std::int64_t> key{kPositions};
  for (const auto& [height, width] : memory.levels) key.insert(key.end(), {height, width});
  return constants->get(key, memory.tokens, make);
}

Memory DeformableDetrImpl::encode(const std::vector<at::Tensor>& maps, const TokenPlaces& places) {
  Memory memory;
  std::vector<at::Tensor> tokens;
  for (const auto& map : maps) {
    memory.levels.push_back({map.size(2), map.size(3)});
    tokens.push_back(map.flatten(2).transpose(1, 2));
  }
  memory.tokens = at::cat(tokens, 1);  // [B, S, C]
  memory.padding = places.padding;
  const auto positions = positions_of(memory, places);
  for (const auto& each : *encoder) {
    const auto run = [layer = each->as<DeformableEncoderLayer>(), places = places.references, padding = memory.padding,
                      levels = memory.levels](const nn::Tensors& in) {
      return nn::Tensors{layer->forward(in[1], places, {in[0], padding, levels})};
    };
    memory.tokens = nn::checkpointed(run, nn::Tensors{memory.tokens, positions})[0];
  }
  return memory;
}

DeformableDetrImpl::Start DeformableDetrImpl::learnt_queries(at::ScalarType type) {
  const auto halves = query_embed.to(type).unsqueeze(0).chunk(2, -1);  // 2 x [1, Q, C]
  const auto references = [&] { return at::sigmoid(reference_points->forward(halves[0]).to(at::kFloat)); };
  return {halves[0], halves[1], constants->get({kReferences}, halves[0], references)};
}

DeformableDetrImpl::Start DeformableDetrImpl::propose(const Memory& memory, const TokenPlaces& places,
                                                      std::vector<SetPrediction>& proposals) {
  const auto type = memory.tokens.scalar_type();
  const std::int64_t dim = options.layer().dim(), batch = memory.tokens.size(0);
  const auto last = static_cast<std::size_t>(options.decoder_depth());
  const auto tokens = enc_norm->forward(enc_output->forward(memory.tokens * places.proposals.valid.to(type)));
  const auto logits = class_embed[last]->as<nn::Linear>()->forward(tokens);  // [B, S, K]
  const auto boxes = bbox_embed[last]->as<nn::LinearStack>()->forward(tokens).to(at::kFloat) +
                     places.proposals.logits.expand({batch, -1, -1});  // logits
  proposals.push_back({logits, at::sigmoid(boxes)});
  const auto count = std::min(options.queries(), tokens.size(1));
  const auto best = std::get<1>(at::topk(logits.select(-1, 0), count, 1));  // by the first class, which stands for all
  const auto chosen = at::sigmoid(gather_tokens(boxes.detach(), best));
  const auto sines = nn::interleaved_sines(chosen * (2 * std::numbers::pi), dim / 2, 10000.0).flatten(2);  // [B, Q, 2C]
  const auto halves = pos_norm->forward(pos_trans->forward(sines.to(type))).chunk(2, -1);
  return {halves[0], halves[1], chosen};
}

std::vector<SetPrediction> DeformableDetrImpl::decode(const Start& start, const Memory& memory,
                                                      const TokenPlaces& places) {
  const auto type = memory.tokens.scalar_type();
  const std::int64_t batch = memory.tokens.size(0);
  const auto positions = start.positions.to(type);
  const auto ratios = places.ratios.unsqueeze(1);  // [B, 1, L, 2]
  auto x = start.content.to(type).expand({batch, -1, -1});
  auto references = start.references.expand({batch, -1, -1});
  std::vector<SetPrediction> predictions;
  for (std::size_t i = 0; i < decoder->size(); ++i) {
    const auto scale = references.size(-1) == 4 ? at::cat({ratios, ratios}, -1) : ratios;
    auto* learnt = i == 0 && !options.two_stage() ? &constants : nullptr;
    x = checkpointed(*decoder[i]->as<DeformableDecoderLayer>(), x, positions, references.unsqueeze(2) * scale, memory,
                     learnt);
    const std::size_t head = options.refine() ? i : 0;
    const auto step = bbox_embed[head]->as<nn::LinearStack>()->forward(x).to(at::kFloat);
    predictions.push_back({class_embed[head]->as<nn::Linear>()->forward(x), box_of(step, references)});
    if (options.refine()) references = predictions.back().boxes.detach();
  }
  return predictions;
}

DeformableDetrImpl::TrainingPrediction DeformableDetrImpl::forward_all(const PictureBatch& batch) {
  const auto maps = project(backbone->forward_maps(batch.images));
  const auto places = places_of(maps, batch.mask);
  auto memory = encode(maps, places);
  TrainingPrediction result;
  const auto start =
      options.two_stage() ? propose(memory, places, result.proposals) : learnt_queries(memory.tokens.scalar_type());
  result.layers = decode(start, memory, places);
  return result;
}

NamedTensors DeformableDetrImpl::forward(const PictureBatch& batch) {
  return named(forward_all(batch).layers.back());
}

NamedTensors DeformableDetrImpl::losses(const PictureBatch& batch, std::span<const ObjectTensors> objects,
                                        double object_count) {
  const auto criterion = deformable_detr_criterion();
  const auto predictions = forward_all(batch);
  auto targets = targets_of(objects);
  auto sum = set_criterion(predictions.layers, targets, criterion, object_count);
  if (!predictions.proposals.empty()) {
    // Proposals only tell object from background: the first class stands for all.
    for (auto& target : targets) target.labels = at::zeros_like(target.labels);
    const auto proposed = set_criterion(predictions.proposals, targets, criterion, object_count);
    sum.layers.insert(sum.layers.end(), proposed.layers.begin(), proposed.layers.end());
  }
  return parts_of(sum, criterion);
}

std::vector<AttentionLayer> DeformableDetrImpl::attention_layers(std::array<std::int64_t, 2> size) {
  return sampling_layers(*decoder, "decoder.", size, backbone->strides().front());
}

std::vector<Detections> DeformableDetrImpl::detections(const PictureBatch& batch, const NamedTensors& raw,
                                                       const DetectOptions& wanted) const {
  return sigmoid_detections(batch, prediction_of(raw), wanted, kDetections);
}

std::vector<std::string> DeformableDetrImpl::head_names() const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < class_embed->size(); ++i) names.push_back("class_embed." + std::to_string(i));
  return names;
}

}  // namespace vitral::detr
