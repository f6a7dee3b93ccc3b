/// The frame around the parts of a Transformer layer: norm, dropout and the way past them.
#pragma once

#include <ATen/ops/dropout.h>

#include "common/nn/residual.h"

namespace vitral::nn {

struct SublayerOptions {
  bool norm_first = false;  ///< x + f(norm(x)) instead of norm(x + f(x))
  double dropout = 0.0;     ///< of what f gives; 0 unless training
};

/// One residual sub-layer over x [B, N, C]: `branch(input, residual)` computes f(input) + residual, fused where nothing
/// is dropped, and is asked for f alone (an undefined residual) where something is.
template <class Branch>
at::Tensor sublayer(const at::Tensor& x, LayerNorm& norm, const SublayerOptions& options, Branch branch) {
  const auto added = [&](const at::Tensor& input, const at::Tensor& residual) {
    if (options.dropout == 0) return branch(input, residual);
    return x + at::dropout(branch(input, at::Tensor()), options.dropout, true);
  };
  if (options.norm_first) return added(norm->forward(x), x);
  const auto stream = branch_of(x, norm, [&](const at::Tensor& residual) { return added(x, residual); });
  return sum_and_norm(stream, norm).normed;
}

}  // namespace vitral::nn
