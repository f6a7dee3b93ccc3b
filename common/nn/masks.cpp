#include "common/nn/masks.h"

#include <ATen/ops/full.h>
#include <ATen/ops/triu.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <ATen/ops/zeros.h>

#include <limits>

namespace vitral::nn {
namespace {
constexpr float kOut = -std::numeric_limits<float>::infinity();
}

at::Tensor causal_bias(std::int64_t n, const at::Device& device) {
  return at::triu(at::full({n, n}, kOut, at::TensorOptions(device).dtype(at::kFloat)), 1);
}

at::Tensor padding_bias(const at::Tensor& padding) {
  auto bias = at::zeros(padding.sizes(), padding.options().dtype(at::kFloat)).masked_fill_(padding, kOut);
  return bias.unsqueeze(1).unsqueeze(1);
}

at::Tensor shrink_padding(const at::Tensor& padding, std::array<std::int64_t, 2> size) {
  const auto as_float = padding.unsqueeze(1).to(at::kFloat);  // the operator has no bool form
  return at::upsample_nearest2d(as_float, size).squeeze(1).to(at::kBool);
}

}  // namespace vitral::nn
