#include "common/nn/mlp.h"

#include <ATen/ops/dropout.h>

namespace vitral::nn {

MlpImpl::MlpImpl(const MlpOptions& options_) : options(options_) { reset(); }

void MlpImpl::reset() {
  fc1 = register_module("fc1", Linear(options.dim, options.hidden));
  fc2 = register_module("fc2", Linear(options.hidden, options.dim));
}

at::Tensor MlpImpl::forward(const at::Tensor& x, const at::Tensor& residual) {
  auto hidden = fc1->forward(x, options.activation());  // [..., hidden]
  if (is_training() && options.dropout() > 0) hidden = at::dropout(hidden, options.dropout(), true);
  return fc2->forward(hidden, Activation::none, residual);
}

}  // namespace vitral::nn
