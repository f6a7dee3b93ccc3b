#include "train/upload.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace vitral::train {
namespace {

/// All pictures' objects in two copies instead of three for each picture.
std::vector<ObjectTensors> objects_to(const std::vector<ObjectTensors>& objects, const at::Device& device,
                                      bool pinned) {
  if (objects.empty()) return {};
  std::vector<at::Tensor> labels, boxes, normalised;
  std::vector<std::int64_t> counts;
  for (const auto& each : objects) {
    labels.push_back(each.labels);
    boxes.push_back(each.boxes);
    normalised.push_back(each.normalised);
    counts.push_back(each.labels.size(0));
  }
  auto all_labels = at::cat(labels);                                  // [N]
  auto all_boxes = at::stack({at::cat(boxes), at::cat(normalised)});  // [2, N, 4]
  if (pinned) {
    all_labels = all_labels.pin_memory();
    all_boxes = all_boxes.pin_memory();
  }
  all_labels = all_labels.to(device, pinned);
  all_boxes = all_boxes.to(device, pinned);
  std::vector<ObjectTensors> result;
  std::int64_t first = 0;
  for (const auto count : counts) {
    result.push_back({all_labels.narrow(0, first, count), all_boxes[0].narrow(0, first, count),
                      all_boxes[1].narrow(0, first, count)});
    first += count;
  }
  return result;
}

/// What this thread launches on, and a stream that nothing waits on yet.
c10::Stream current_stream(const at::Device& device) {
  return c10::impl::VirtualGuardImpl(device.type()).getStream(device);
}
c10::Stream another_stream(const at::Device& device) {
  return c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device);
}

}  // namespace

SampleBatch to_device(SampleBatch batch, const at::Device& device) {
  if (device.is_cpu()) return batch;
  const bool pinned = batch.images.is_pinned();
  if (batch.mask.defined() && batch.mask.is_cpu() && !batch.mask.any().item<bool>()) batch.mask = at::Tensor();
  for (auto* tensor : {&batch.images, &batch.mask, &batch.sizes, &batch.shares}) {
    if (tensor->defined()) *tensor = tensor->to(device, /*non_blocking=*/pinned);
  }
  batch.objects = objects_to(batch.objects, device, pinned);
  return batch;
}

Uploader::Upload Uploader::begin(SampleBatch batch) const {
  if (device_.is_cpu()) return {std::move(batch), nullptr};
  const auto stream = another_stream(device_);
  const c10::StreamGuard guard(stream);
  Upload upload{to_device(std::move(batch), device_), std::make_unique<c10::Event>(device_.type())};
  upload.arrived->record(stream);
  return upload;
}

SampleBatch Uploader::finish(Upload upload) const {
  if (!upload.arrived) return std::move(upload.batch);
  const auto stream = current_stream(device_);
  upload.arrived->block(stream);
  // Its memory belongs to the other stream, which must not give it away before this one is through with it.
  auto& batch = upload.batch;
  for (const auto* tensor : {&batch.images, &batch.mask, &batch.sizes, &batch.shares}) {
    if (tensor->defined()) tensor->record_stream(stream);
  }
  if (!batch.objects.empty()) {  // views of the same two tensors
    batch.objects.front().labels.record_stream(stream);
    batch.objects.front().boxes.record_stream(stream);
  }
  return std::move(batch);
}

}  // namespace vitral::train
