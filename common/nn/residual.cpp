#include "common/nn/residual.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

namespace vitral::nn {

at::Tensor DropPathImpl::forward(const at::Tensor& x) {
  if (is_identity()) return x;
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[0] = x.size(0);
  return x * at::empty(shape, x.options()).bernoulli_(1.0 - rate).div_(1.0 - rate);
}

void LayerScaleImpl::reset() { gamma = register_parameter("gamma", at::full({channels}, init)); }

at::Tensor LayerScaleImpl::forward(const at::Tensor& x) { return x * gamma.to(x.scalar_type()); }

std::vector<double> drop_path_rates(double rate, std::int64_t depth) {
  std::vector<double> rates;
  for (std::int64_t i = 0; i < depth; ++i) {
    rates.push_back(depth > 1 ? rate * static_cast<double>(i) / static_cast<double>(depth - 1) : 0.0);
  }
  return rates;
}

}  // namespace vitral::nn
