/// A decoder layer with deformable attention that may keep its inputs alone (common/nn/checkpoint.h).
#pragma once

#include "common/nn/checkpoint.h"
#include "detr/deformable_attention.h"

namespace vitral::detr {

/// The layer's forward, in a CheckpointScope computed twice.
inline at::Tensor checkpointed(DeformableDecoderLayerImpl& layer, const at::Tensor& x, const at::Tensor& positions,
                               const at::Tensor& references, const Memory& memory, nn::Constants* learnt = nullptr) {
  const auto run = [&layer, padding = memory.padding, levels = memory.levels, learnt](const nn::Tensors& in) {
    return nn::Tensors{layer.forward(in[0], in[1], in[2], {in[3], padding, levels}, learnt)};
  };
  return nn::checkpointed(run, nn::Tensors{x, positions, references, memory.tokens})[0];
}

}  // namespace vitral::detr
