#include "common/nn/init.h"

#include <ATen/core/grad_mode.h>

#include <cmath>

namespace vitral::nn {
namespace {

double normal_cdf(double x) { return 0.5 * (1.0 + std::erf(x / std::sqrt(2.0))); }

std::int64_t receptive_field(const at::Tensor& tensor) {
  std::int64_t field = 1;
  for (std::int64_t d = 2; d < tensor.dim(); ++d) field *= tensor.size(d);
  return field;
}

}  // namespace

int& SkipInit::depth() {
  thread_local int depth = 0;
  return depth;
}

void trunc_normal_(at::Tensor tensor, double std) {
  if (SkipInit::active()) return;
  const at::NoGradGuard no_grad;
  // The inverse of the normal distribution function, between the images of the two bounds.
  const double low = normal_cdf(-2.0 / std), high = normal_cdf(2.0 / std);
  tensor.uniform_(2 * low - 1, 2 * high - 1).erfinv_().mul_(std * std::sqrt(2.0)).clamp_(-2.0, 2.0);
}

void xavier_uniform_(at::Tensor tensor) {
  if (SkipInit::active()) return;
  const at::NoGradGuard no_grad;
  const double fans = static_cast<double>((tensor.size(0) + tensor.size(1)) * receptive_field(tensor));
  const double bound = std::sqrt(6.0 / fans);
  tensor.uniform_(-bound, bound);
}

void kaiming_normal_fan_out_(at::Tensor tensor, std::int64_t groups) {
  if (SkipInit::active()) return;
  const at::NoGradGuard no_grad;
  tensor.normal_(0.0, std::sqrt(2.0 / static_cast<double>(tensor.size(0) / groups * receptive_field(tensor))));
}

}  // namespace vitral::nn
