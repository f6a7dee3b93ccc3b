/// Values that follow from weights, and from sizes at most: made once in a network that is prepared for inference.
#pragma once

#include <ATen/core/grad_mode.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include <utility>
#include <vector>

#include "common/nn/per_size.h"
#include "common/nn/two_faces.h"

namespace vitral::nn {

/// A child without parameters of the network whose weights they follow from: `prepare_for_inference` tells it that
/// these are at rest. Until then, and for whoever listens to layers or asks for gradients, each value is made anew.
class ConstantsImpl : public torch::nn::Cloneable<ConstantsImpl>, public TwoFaced {
 public:
  void reset() override { drop_packed(); }
  void train(bool on = true) override {
    if (on) set_inference(nullptr);
    torch::nn::Module::train(on);
  }

  /// The value of this key (which value, and the sizes that it depends on) in `like`'s dtype and on its device. What
  /// `make()` gives must not be written to.
  template <class Make>
  at::Tensor get(const std::vector<std::int64_t>& key, const at::Tensor& like, Make make) {
    const bool at_rest = inference() != nullptr && !inference()->on_output && !at::GradMode::is_enabled();
    return at_rest ? values_.get(key, like, std::move(make)) : make();
  }

 private:
  void drop_packed() override { values_.clear(); }
  PerSize<at::Tensor> values_;
};
TORCH_MODULE(Constants);

}  // namespace vitral::nn
