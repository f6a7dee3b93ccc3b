#include "common/runtime/detector.h"

#include <ATen/ops/logical_not.h>
#include <ATen/ops/sum.h>

#include "common/core/error.h"

namespace vitral {

std::array<std::int64_t, 2> content_size(const at::Tensor& mask) {
  const auto content = mask.logical_not();
  return {content.select(1, 0).sum().item<std::int64_t>(), content.select(0, 0).sum().item<std::int64_t>()};
}

NamedTensors Detector::losses(const PictureBatch&, std::span<const ObjectTensors>, double) {
  throw Error(ErrorKind::usage, "this network", "can't be trained: no loss is defined for it");
}

}  // namespace vitral
