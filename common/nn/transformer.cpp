#include "common/nn/transformer.h"

#include "common/nn/checkpoint.h"
#include "common/nn/sublayer.h"

namespace vitral::nn {
namespace {

at::Tensor with(const at::Tensor& x, const at::Tensor& positions) {
  return positions.defined() ? x + positions : x;
}

MultiheadAttention attention_of(const TransformerLayerOptions& options) {
  return MultiheadAttention(MultiheadAttentionOptions(options.dim, options.heads).dropout(options.dropout()));
}

Mlp mlp_of(const TransformerLayerOptions& options) {
  return Mlp(MlpOptions(options.dim, options.hidden).activation(options.activation()).dropout(options.dropout()));
}

SublayerOptions around(const TransformerLayerOptions& options, bool training) {
  return {options.norm_first(), training ? options.dropout() : 0.0};
}

}  // namespace

TransformerEncoderLayerImpl::TransformerEncoderLayerImpl(const TransformerLayerOptions& options_) : options(options_) {
  reset();
}

void TransformerEncoderLayerImpl::reset() {
  self_attn = register_module("self_attn", attention_of(options));
  mlp = register_module("mlp", mlp_of(options));
  norm1 = register_module("norm1", LayerNorm(options.dim, options.norm_eps()));
  norm2 = register_module("norm2", LayerNorm(options.dim, options.norm_eps()));
}

at::Tensor TransformerEncoderLayerImpl::forward(const at::Tensor& x, const at::Tensor& positions,
                                                const at::Tensor& bias) {
  const auto attended =
      sublayer(x, norm1, around(options, is_training()), [&](const at::Tensor& input, const at::Tensor& residual) {
        const auto query = with(input, positions);
        return self_attn->forward(query, query, input, bias, residual);
      });
  return sublayer(attended, norm2, around(options, is_training()),
                  [&](const at::Tensor& input, const at::Tensor& residual) { return mlp->forward(input, residual); });
}

TransformerDecoderLayerImpl::TransformerDecoderLayerImpl(const TransformerLayerOptions& options_) : options(options_) {
  reset();
}

void TransformerDecoderLayerImpl::reset() {
  self_attn = register_module("self_attn", attention_of(options));
  cross_attn = register_module("cross_attn", attention_of(options));
  mlp = register_module("mlp", mlp_of(options));
  norm1 = register_module("norm1", LayerNorm(options.dim, options.norm_eps()));
  norm2 = register_module("norm2", LayerNorm(options.dim, options.norm_eps()));
  norm3 = register_module("norm3", LayerNorm(options.dim, options.norm_eps()));
}

at::Tensor TransformerDecoderLayerImpl::forward(const at::Tensor& x, const DecoderInputs& inputs, bool first) {
  const auto once = [&](std::int64_t which, const auto& make) {
    return first && inputs.learnt != nullptr ? (*inputs.learnt)->get({which, x.size(0)}, x, make) : make();
  };
  const auto among_themselves = [&](const at::Tensor& input, const at::Tensor& residual) {
    const auto query = with(input, inputs.query_positions);
    return self_attn->forward(query, query, input, inputs.self_bias, residual);
  };
  const auto attended = once(0, [&] { return sublayer(x, norm1, around(options, is_training()), among_themselves); });
  const auto looked = sublayer(
      attended, norm2, around(options, is_training()), [&](const at::Tensor& input, const at::Tensor& residual) {
        const auto query = once(1, [&] { return cross_attn->project_query(with(input, inputs.query_positions)); });
        return cross_attn->forward_projected(query, with(inputs.memory, inputs.memory_positions), inputs.memory,
                                             inputs.memory_bias, residual);
      });
  return sublayer(looked, norm3, around(options, is_training()),
                  [&](const at::Tensor& input, const at::Tensor& residual) { return mlp->forward(input, residual); });
}

at::Tensor TransformerDecoderLayerImpl::forward_next(const at::Tensor& x, const DecoderInputs& inputs,
                                                     DecoderCache& cache) {
  if (!cache.memory.keys.defined()) {
    cache.memory = cross_attn->remember(with(inputs.memory, inputs.memory_positions), inputs.memory);
  }
  const auto frame = around(options, is_training());
  const auto attended = sublayer(x, norm1, frame, [&](const at::Tensor& input, const at::Tensor& residual) {
    return self_attn->forward_next(input, cache.seen, inputs.self_bias, residual);
  });
  const auto looked = sublayer(attended, norm2, frame, [&](const at::Tensor& input, const at::Tensor& residual) {
    return cross_attn->forward_known(input, cache.memory, inputs.memory_bias, residual);
  });
  return sublayer(looked, norm3, frame,
                  [&](const at::Tensor& input, const at::Tensor& residual) { return mlp->forward(input, residual); });
}

TransformerEncoderImpl::TransformerEncoderImpl(const TransformerLayerOptions& layer_, std::int64_t depth_,
                                               bool final_norm_)
    : layer(layer_), depth(depth_), final_norm(final_norm_) {
  reset();
}

void TransformerEncoderImpl::reset() {
  layers = register_module("layers", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < depth; ++i) layers->push_back(TransformerEncoderLayer(layer));
  if (final_norm) norm = register_module("norm", LayerNorm(layer.dim, layer.norm_eps()));
}

at::Tensor TransformerEncoderImpl::forward(const at::Tensor& x, const at::Tensor& positions, const at::Tensor& bias) {
  auto y = x;
  for (const auto& each : *layers) {
    const auto run = [layer = each->as<TransformerEncoderLayer>()](const Tensors& in) {
      return Tensors{layer->forward(in[0], in[1], in[2])};
    };
    y = checkpointed(run, Tensors{y, positions, bias})[0];
  }
  return final_norm ? norm->forward(y) : y;
}

TransformerDecoderImpl::TransformerDecoderImpl(const TransformerLayerOptions& layer_, std::int64_t depth_)
    : layer(layer_), depth(depth_) {
  reset();
}

void TransformerDecoderImpl::reset() {
  layers = register_module("layers", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < depth; ++i) layers->push_back(TransformerDecoderLayer(layer));
  norm = register_module("norm", LayerNorm(layer.dim, layer.norm_eps()));
}

namespace {

at::Tensor run_layer(TransformerDecoderLayerImpl& layer, const at::Tensor& x, const DecoderInputs& inputs, bool first) {
  const auto run = [&layer, first, learnt = inputs.learnt](const Tensors& in) {
    return Tensors{layer.forward(in[0], {in[1], in[2], in[3], in[4], in[5], learnt}, first)};
  };
  return checkpointed(run, Tensors{x, inputs.memory, inputs.memory_positions, inputs.query_positions, inputs.self_bias,
                                   inputs.memory_bias})[0];
}

}  // namespace

at::Tensor TransformerDecoderImpl::forward(const at::Tensor& x, const DecoderInputs& inputs) {
  auto y = x;
  for (std::size_t i = 0; i < layers->size(); ++i)
    y = run_layer(*layers[i]->as<TransformerDecoderLayer>(), y, inputs, i == 0);
  return norm->forward(y);
}

at::Tensor TransformerDecoderImpl::forward_next(const at::Tensor& x, const DecoderInputs& inputs,
                                                std::vector<DecoderCache>& caches) {
  caches.resize(layers->size());
  auto y = x;
  for (std::size_t i = 0; i < layers->size(); ++i) {
    y = layers[i]->as<TransformerDecoderLayer>()->forward_next(y, inputs, caches[i]);
  }
  return norm->forward(y);
}

std::vector<at::Tensor> TransformerDecoderImpl::forward_all(const at::Tensor& x, const DecoderInputs& inputs) {
  std::vector<at::Tensor> results;
  auto y = x;
  for (std::size_t i = 0; i < layers->size(); ++i) {
    y = run_layer(*layers[i]->as<TransformerDecoderLayer>(), y, inputs, i == 0);
    results.push_back(norm->forward(y));
  }
  return results;
}

}  // namespace vitral::nn
