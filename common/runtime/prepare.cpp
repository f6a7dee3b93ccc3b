#include "common/runtime/prepare.h"

namespace vitral {

void prepare_for_inference(torch::nn::Module& module, nn::Precision precision,
                           std::function<void(const at::Tensor& plain)> on_packed) {
  module.eval();
  const auto options = std::make_shared<const nn::InferenceOptions>(nn::InferenceOptions{precision, std::move(on_packed)});
  if (auto* layer = dynamic_cast<nn::TwoFaced*>(&module)) layer->set_inference(options);
  for (const auto& each : module.modules(/*include_self=*/false)) {
    if (auto* layer = dynamic_cast<nn::TwoFaced*>(each.get())) layer->set_inference(options);
  }
}

}  // namespace vitral
