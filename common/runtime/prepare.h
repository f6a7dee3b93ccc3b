/// Turning a module's inference face.
#pragma once

#include <torch/nn/module.h>

#include "common/nn/two_faces.h"

namespace vitral {

/// Hears what a layer gives: its registered name and the tensor, which may be overwritten afterwards.
using LayerListener = std::function<void(const std::string& layer, const at::Tensor& output)>;

/// Puts `module` into evaluation mode and lets every layer below compute in `precision` from packed weights: convolutions
/// with folded norms, fused activations and residuals. Each layer packs at its first call. `module.train()` unpacks.
/// `levels`: how layers that take 8-bit pictures normalise them; nothing: none is given any.
void prepare_for_inference(torch::nn::Module& module, nn::Precision precision,
                           std::function<void(const at::Tensor& plain)> on_packed = {}, const LayerListener& on_output = {},
                           const std::optional<kernels::Normalization>& levels = {});

}  // namespace vitral
