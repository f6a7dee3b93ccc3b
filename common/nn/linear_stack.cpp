#include "common/nn/linear_stack.h"

namespace vitral::nn {

LinearStackImpl::LinearStackImpl(std::int64_t in_, std::int64_t hidden_, std::int64_t out_, std::int64_t depth_)
    : in(in_), hidden(hidden_), out(out_), depth(depth_) {
  reset();
}

void LinearStackImpl::reset() {
  layers = register_module("layers", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < depth; ++i) {
    layers->push_back(Linear(i == 0 ? in : hidden, i + 1 == depth ? out : hidden));
  }
}

at::Tensor LinearStackImpl::forward(const at::Tensor& x) {
  auto y = x;
  for (std::int64_t i = 0; i < depth; ++i) {
    const bool last = i + 1 == depth;
    y = layers[static_cast<std::size_t>(i)]->as<Linear>()->forward(y, last ? Activation::none : Activation::relu);
  }
  return y;
}

}  // namespace vitral::nn
