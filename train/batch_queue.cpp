#include "train/batch_queue.h"

#include <c10/core/DeviceGuard.h>

#include <limits>

namespace vitral::train {

BatchQueue::BatchQueue(std::unique_ptr<Loader> loader, std::size_t classes, const Preprocess& spec,
                       const at::Device& device, bool ahead)
    : loader_(std::move(loader)),
      classes_(classes),
      spec_(spec),
      device_(device),
      uploader_(device),
      position_(loader_->position()) {
  if (!ahead) return;
  prefetch_ = std::make_unique<OrderedPrefetch<Batch>>(std::numeric_limits<std::size_t>::max(), /*workers=*/1,
                                                       /*ahead=*/1, [this](std::size_t) { return make(); });
}

/// Called by one thread alone.
BatchQueue::Batch BatchQueue::make() {
  // Pinned memory is made known to the device that is the thread's current one.
  const c10::OptionalDeviceGuard guard(device_.is_cpu() ? std::nullopt : std::optional(device_));
  Batch batch{loader_->next(), std::nullopt};
  if (!batch.loaded.samples.empty()) {
    batch.upload = uploader_.begin(collate(batch.loaded.samples, classes_, spec_, /*pinned=*/!device_.is_cpu()));
  }
  return batch;
}

BatchQueue::Batch BatchQueue::next() {
  auto batch = prefetch_ ? std::move(*prefetch_->next()) : Batch{loader_->next(), std::nullopt};
  position_ = batch.loaded.position;
  ++position_.batch;
  return batch;
}

SampleBatch BatchQueue::tensors(Batch& batch) const {
  if (!batch.upload) return to_device(collate(batch.loaded.samples, classes_, spec_), device_);
  auto tensors = uploader_.finish(std::move(*batch.upload));
  batch.upload.reset();
  return tensors;
}

}  // namespace vitral::train
