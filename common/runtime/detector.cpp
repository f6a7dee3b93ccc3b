#include "common/runtime/detector.h"

#include <ATen/ops/logical_not.h>
#include <ATen/ops/sum.h>

namespace vitral {

std::array<std::int64_t, 2> content_size(const at::Tensor& mask) {
  const auto content = mask.logical_not();
  return {content.select(1, 0).sum().item<std::int64_t>(), content.select(0, 0).sum().item<std::int64_t>()};
}

}  // namespace vitral
