#include "common/runtime/prepare.h"

namespace vitral {

void prepare_for_inference(torch::nn::Module& module, nn::Precision precision,
                           std::function<void(const at::Tensor& plain)> on_packed, const LayerListener& on_output,
                           const std::optional<kernels::Normalization>& levels) {
  module.eval();
  const auto shared = std::make_shared<const nn::InferenceOptions>(nn::InferenceOptions{precision, std::move(on_packed), {}, levels});
  const auto options_of = [&](const std::string& name) {
    if (!on_output) return shared;
    auto own = *shared;
    own.on_output = [name, on_output](const at::Tensor& output) { on_output(name, output); };
    return std::make_shared<const nn::InferenceOptions>(std::move(own));
  };
  for (const auto& each : module.named_modules()) {
    if (auto* layer = dynamic_cast<nn::TwoFaced*>(each.value().get())) layer->set_inference(options_of(each.key()));
  }
}

}  // namespace vitral
