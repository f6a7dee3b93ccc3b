#include "common/nn/token_embed.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>

#include <cmath>

#include "common/core/error.h"
#include "common/nn/init.h"

namespace vitral::nn {

void TokenEmbedImpl::reset() {
  weight = register_parameter("weight", at::empty({tokens, dim}));
  if (SkipInit::active()) return;
  const at::NoGradGuard no_grad;
  weight.normal_(0, 1.0 / std::sqrt(static_cast<double>(dim)));
}

at::Tensor TokenEmbedImpl::forward(const at::Tensor& ids) {
  if (ids.numel() > 0) {
    const auto least = ids.min().item<std::int64_t>(), most = ids.max().item<std::int64_t>();
    if (least < 0 || most >= tokens) {
      throw Error(ErrorKind::failed, "token " + std::to_string(least < 0 ? least : most),
                  "is not in the vocabulary of " + std::to_string(tokens));
    }
  }
  return at::embedding(weight, ids);
}

at::Tensor TokenEmbedImpl::logits(const at::Tensor& x) {
  return at::linear(x, weight);
}

}  // namespace vitral::nn
