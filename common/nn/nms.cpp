#include "common/nn/nms.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <c10/core/DeviceGuard.h>

#include <limits>

#include "common/kernels/cuda/nms.h"
#include "common/nn/cuda_stream.h"

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

bool runs_on_gpu(const at::Tensor& boxes) {
  return has_cuda_kernels(boxes) && boxes.dim() == 2 && boxes.size(1) == 4 && boxes.size(0) > 0 &&
         boxes.size(0) <= kernels::cuda::kMostNmsBoxes;
}

/// Boxes [N, 4] and scores [N] fp32 on a GPU; classes int64 [N], or nothing where all boxes meet.
at::Tensor nms_on_gpu(const at::Tensor& boxes, const at::Tensor& scores, const at::Tensor& classes,
                      double iou_threshold) {
  const c10::DeviceGuard guard(boxes.device());
  const auto order = std::get<1>((scores + 0.0).sort(/*stable=*/true, 0, /*descending=*/true));  // -0 is 0
  const auto ranked = boxes.index_select(0, order).contiguous();
  const auto usable = ranked.isnan().any(1).logical_or(scores.index_select(0, order).isnan()).logical_not();
  const auto kinds = classes.defined() ? classes.index_select(0, order).contiguous() : classes;
  kernels::cuda::NmsArgs args;
  args.count = boxes.size(0);
  const auto bits = at::empty({args.count * args.words()}, boxes.options().dtype(at::kLong));
  const auto stays = at::empty({args.count}, boxes.options().dtype(at::kBool));
  args.boxes = ranked.const_data_ptr<float>();
  args.classes = classes.defined() ? kinds.const_data_ptr<std::int64_t>() : nullptr;
  args.usable = usable.const_data_ptr<bool>();
  args.threshold = floor_to_float(iou_threshold);
  args.bits = reinterpret_cast<std::uint64_t*>(bits.mutable_data_ptr<std::int64_t>());
  args.stays = stays.mutable_data_ptr<bool>();
  kernels::cuda::nms(args, stream_of(boxes));
  return order.masked_select(stays);
}

/// Each box along the diagonal by its class number times more than the largest coordinate.
at::Tensor moved_apart(const at::Tensor& boxes, const at::Tensor& scores, const at::Tensor& classes) {
  const auto unusable = boxes.isnan().any(1).logical_or(scores.isnan());
  const auto largest = boxes.masked_fill(unusable.unsqueeze(1), -std::numeric_limits<float>::infinity()).amax();
  return boxes + (classes.to(at::kFloat) * (largest + 1)).unsqueeze(1);
}

}  // namespace

at::Tensor nms(const at::Tensor& boxes, const at::Tensor& scores, double iou_threshold) {
  if (runs_on_gpu(boxes)) {
    return nms_on_gpu(boxes.detach().to(at::kFloat), scores.detach().to(at::kFloat), {}, iou_threshold);
  }
  const auto b = on_host(boxes, at::kFloat), s = on_host(scores, at::kFloat);
  return places(vitral::nms(numbers<float>(b), numbers<float>(s), iou_threshold), boxes.device());
}

at::Tensor batched_nms(const at::Tensor& boxes, const at::Tensor& scores, const at::Tensor& classes,
                       double iou_threshold, NmsRule rule) {
  if (runs_on_gpu(boxes)) {
    const auto places = boxes.detach().to(at::kFloat), ranks = scores.detach().to(at::kFloat);
    const bool moved = moves_apart(rule, static_cast<std::size_t>(boxes.size(0)));
    return moved ? nms_on_gpu(moved_apart(places, ranks, classes), ranks, {}, iou_threshold)
                 : nms_on_gpu(places, ranks, classes, iou_threshold);
  }
  const auto b = on_host(boxes, at::kFloat), s = on_host(scores, at::kFloat), c = on_host(classes, at::kLong);
  const auto kept = vitral::nms(numbers<float>(b), numbers<float>(s), numbers<std::int64_t>(c), iou_threshold, rule);
  return places(kept, boxes.device());
}

}  // namespace vitral::nn
