/// What the loop takes its batches from.
#pragma once

#include <optional>

#include "common/core/ordered_prefetch.h"
#include "datasets/loader.h"
#include "train/upload.h"

namespace vitral::train {

/// A loader's batches and their tensors. For a GPU both are made one batch ahead on a thread of their own, in pinned
/// memory, and are under way to the GPU while it computes the batch before. For the CPU, which has no time to spare,
/// nothing is made before it is asked for.
class BatchQueue {
 public:
  struct Batch {
    LoadedBatch loaded;
    std::optional<Uploader::Upload> upload;  ///< where it was made ahead and has samples
  };

  /// `ahead`: whether batches are made ahead.
  BatchQueue(std::unique_ptr<Loader> loader, std::size_t classes, const Preprocess& spec, const at::Device& device,
             bool ahead);

  /// As Loader::next, throwing what making the batch has thrown.
  Batch next();
  /// Of the batch that next() gives, however many were made ahead.
  LoaderPosition position() const { return position_; }
  std::size_t batches_per_epoch() const { return loader_->batches_per_epoch(); }
  /// The tensors of a batch with samples, on the device.
  SampleBatch tensors(Batch& batch) const;

 private:
  Batch make();

  std::unique_ptr<Loader> loader_;
  std::size_t classes_;
  Preprocess spec_;
  at::Device device_;
  Uploader uploader_;
  LoaderPosition position_;
  std::unique_ptr<OrderedPrefetch<Batch>> prefetch_;  // last: its thread uses what is above
};

}  // namespace vitral::train
