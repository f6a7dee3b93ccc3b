#include <ATen/ops/cat.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "common/nn/init.h"
#include "detr/checkpointed_layer.h"
#include "detr/rtdetr.h"

namespace vitral::detr {
namespace {

constexpr double kPrior = 0.01;  // score that every class starts with

/// A box moved by what a head says, both as logits.
at::Tensor moved(const at::Tensor& reference, const at::Tensor& step) {
  return at::sigmoid(step + inverse_sigmoid(reference));
}

}  // namespace

RtDetrDecoderImpl::RtDetrDecoderImpl(const RtDetrOptions& options_) : options(options_) {
  reset();
  initialise();
}

void RtDetrDecoderImpl::reset() {
  const std::int64_t dim = options.dim(), classes = options.num_classes();
  const auto levels = static_cast<std::int64_t>(options.backbone().levels.size());
  const auto layer = DeformableOptions()
                         .dim(dim)
                         .heads(options.heads())
                         .levels(levels)
                         .points(options.points())
                         .sampling(options.sampling())
                         .hidden(options.hidden())
                         .dropout(options.dropout());
  input_proj = register_module("input_proj", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < levels; ++i) {
    input_proj->push_back(nn::ConvBlock(nn::Conv2dOptions(options.encoder_dim(), dim, 1)));
  }
  enc_output = register_module("enc_output", nn::Linear(dim, dim));
  enc_norm = register_module("enc_norm", nn::LayerNorm(dim));
  enc_score_head = register_module("enc_score_head", nn::Linear(dim, classes));
  enc_bbox_head = register_module("enc_bbox_head", nn::LinearStack(dim, dim, 4, 3));
  query_pos_head = register_module("query_pos_head", nn::LinearStack(4, 2 * dim, dim, 2));
  layers = register_module("layers", torch::nn::ModuleList());
  score_head = register_module("score_head", torch::nn::ModuleList());
  bbox_head = register_module("bbox_head", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < options.depth(); ++i) {
    layers->push_back(DeformableDecoderLayer(layer));
    score_head->push_back(nn::Linear(dim, classes));
    bbox_head->push_back(nn::LinearStack(dim, dim, 4, 3));
  }
  denoising_class_embed = register_module("denoising_class_embed", torch::nn::Embedding(classes + 1, dim));
}

/// As the authors start: every class improbable, every box on its anchor.
void RtDetrDecoderImpl::initialise() {
  if (nn::SkipInit::active()) return;
  const at::NoGradGuard no_grad;
  denoising_class_embed->weight[options.num_classes()].zero_();  // stands for no object
  const double prior = -std::log((1 - kPrior) / kPrior);
  enc_score_head->bias.fill_(prior);
  nn::xavier_uniform_(enc_output->weight);
  for (std::size_t i = 0; i < static_cast<std::size_t>(options.depth()); ++i) {
    score_head[i]->as<nn::Linear>()->bias.fill_(prior);
    bbox_head[i]->as<nn::LinearStack>()->layers[2]->as<nn::Linear>()->weight.zero_();
  }
  enc_bbox_head->layers[2]->as<nn::Linear>()->weight.zero_();
  for (std::size_t i = 0; i < 2; ++i) nn::xavier_uniform_(query_pos_head->layers[i]->as<nn::Linear>()->weight);
}

Memory RtDetrDecoderImpl::remember(const std::vector<at::Tensor>& maps) {
  Memory memory;
  std::vector<at::Tensor> tokens;
  for (std::size_t i = 0; i < maps.size(); ++i) {
    const auto map = input_proj[i]->as<nn::ConvBlock>()->forward(maps[i]);
    memory.levels.push_back({map.size(2), map.size(3)});
    tokens.push_back(map.flatten(2).transpose(1, 2));
  }
  memory.tokens = at::cat(tokens, 1);  // [B, S, C]
  return memory;
}

Proposals RtDetrDecoderImpl::anchors_of(const Memory& memory) {
  std::vector<std::int64_t> sizes;
  for (const auto& [height, width] : memory.levels) sizes.insert(sizes.end(), {height, width});
  return anchors_.get(sizes, memory.tokens, [&] {
    std::vector<at::Tensor> no_padding;
    for (const auto& [height, width] : memory.levels) {
      no_padding.push_back(at::zeros({1, height, width}, memory.tokens.options().dtype(at::kBool)));
    }
    return proposals_of(no_padding);
  });
}

QueryStart RtDetrDecoderImpl::select_queries(const Memory& memory) {
  const auto anchors = anchors_of(memory);
  const auto inside = memory.tokens * anchors.valid.to(memory.tokens.scalar_type());
  const auto tokens = enc_norm->forward(enc_output->forward(inside));  // [B, S, C]
  const auto scores = enc_score_head->forward(tokens);                 // [B, S, K]
  const auto count = std::min(options.queries(), tokens.size(1));
  const auto best = std::get<1>(at::topk(scores.amax({-1}), count, 1));  // [B, Q]

  QueryStart start;
  const auto chosen = gather_tokens(tokens, best);
  const auto anchor = gather_tokens(anchors.logits.expand({best.size(0), -1, -1}), best);
  start.encoder.logits = gather_tokens(scores, best);
  start.encoder.boxes = at::sigmoid(enc_bbox_head->forward(chosen).to(at::kFloat) + anchor);
  start.content = chosen.detach();
  start.references = start.encoder.boxes.detach();
  return start;
}

at::Tensor RtDetrDecoderImpl::run_layer(std::size_t i, const at::Tensor& x, const at::Tensor& references,
                                        const Memory& memory) {
  const auto positions = query_pos_head->forward(references.to(x.scalar_type()));
  return checkpointed(*layers[i]->as<DeformableDecoderLayer>(), x, positions, references.unsqueeze(2), memory);
}

SetPrediction RtDetrDecoderImpl::forward(const QueryStart& start, const Memory& memory) {
  const auto depth = static_cast<std::size_t>(options.eval_depth() > 0 ? options.eval_depth() : options.depth());
  auto x = start.content;
  auto references = start.references;
  for (std::size_t i = 0; i < depth; ++i) {
    x = run_layer(i, x, references.detach(), memory);
    references = moved(references.detach(), bbox_head[i]->as<nn::LinearStack>()->forward(x).to(at::kFloat));
  }
  return {score_head[depth - 1]->as<nn::Linear>()->forward(x), references};
}

std::vector<SetPrediction> RtDetrDecoderImpl::forward_all(const QueryStart& start, const Memory& memory) {
  std::vector<SetPrediction> predictions;
  auto x = start.content;
  auto references = start.references;
  for (std::size_t i = 0; i < static_cast<std::size_t>(options.depth()); ++i) {
    x = run_layer(i, x, references.detach(), memory);
    const auto step = bbox_head[i]->as<nn::LinearStack>()->forward(x).to(at::kFloat);
    // A layer's box teaches the layer before it too: its own step starts where that one's gradient still flows.
    predictions.push_back({score_head[i]->as<nn::Linear>()->forward(x), moved(references, step)});
    references = moved(references.detach(), step);
  }
  return predictions;
}

}  // namespace vitral::detr
