#include "common/nn/nms.h"

#include <ATen/ops/tensor.h>

namespace vitral::nn {
namespace {

at::Tensor on_host(const at::Tensor& tensor, at::ScalarType type) {
  return tensor.detach().to(at::kCPU, type).contiguous();
}

template <class T>
std::span<const T> numbers(const at::Tensor& tensor) {
  return {tensor.const_data_ptr<T>(), static_cast<std::size_t>(tensor.numel())};
}

at::Tensor places(const std::vector<std::int64_t>& kept, const at::Device& device) {
  return at::tensor(kept, at::kLong).to(device);
}

}  // namespace

at::Tensor nms(const at::Tensor& boxes, const at::Tensor& scores, double iou_threshold) {
  const auto b = on_host(boxes, at::kFloat), s = on_host(scores, at::kFloat);
  return places(vitral::nms(numbers<float>(b), numbers<float>(s), iou_threshold), boxes.device());
}

at::Tensor batched_nms(const at::Tensor& boxes, const at::Tensor& scores, const at::Tensor& classes,
                       double iou_threshold, NmsRule rule) {
  const auto b = on_host(boxes, at::kFloat), s = on_host(scores, at::kFloat), c = on_host(classes, at::kLong);
  const auto kept = vitral::nms(numbers<float>(b), numbers<float>(s), numbers<std::int64_t>(c), iou_threshold, rule);
  return places(kept, boxes.device());
}

}  // namespace vitral::nn
